import type { Queryable } from "./database.ts";

/** What a user says of one result. */
export interface Feedback {
  readonly chunkId: string;
  /** −1 (useless) to 1 (just right). */
  readonly rating: number;
  /** For people; may be empty. */
  readonly note: string;
}

/** Stores feedback on results of a search that the transaction holds; it replaces what was said of them before. No chunk twice. */
export async function storeFeedback(
  transaction: Queryable,
  search: { readonly ownerId: string; readonly searchId: string },
  feedback: readonly Feedback[],
  now: Date,
): Promise<void> {
  await transaction.query(
    "store_feedback",
    `insert into search_feedback (owner_id, search_id, chunk_id, rating, note, created_at)
     select $1, $2::uuid, n.*, $6
     from unnest($3::uuid[], $4::real[], $5::text[]) as n
     on conflict (owner_id, search_id, chunk_id) do update
     set rating = excluded.rating, note = excluded.note, created_at = excluded.created_at`,
    [
      search.ownerId,
      search.searchId,
      feedback.map(({ chunkId }) => chunkId),
      feedback.map(({ rating }) => rating),
      feedback.map(({ note }) => note),
      now,
    ],
  );
}

/** What was said of the results of a search, in no order. */
export async function readFeedback(
  queryable: Queryable,
  search: { readonly ownerId: string; readonly searchId: string },
): Promise<(Feedback & { readonly createdAt: Date })[]> {
  const { rows } = await queryable.query<{ chunk_id: string; rating: number; note: string; created_at: Date }>(
    "read_feedback",
    "select chunk_id, rating, note, created_at from search_feedback where owner_id = $1 and search_id = $2",
    [search.ownerId, search.searchId],
  );
  return rows.map((row) => ({ chunkId: row.chunk_id, rating: row.rating, note: row.note, createdAt: row.created_at }));
}
