import type { Database } from "./database.ts";

export interface OwnerSummary {
  readonly ownerId: string;
  readonly documentCount: number;
  /** Leaves. */
  readonly chunkCount: number;
}

/**
 * Owners that have something stored, by id.
 *
 * @param page.afterOwnerId the last one of the page before; empty: the first page.
 */
export async function listOwners(
  database: Database,
  page: { readonly afterOwnerId: string; readonly count: number },
  signal?: AbortSignal,
): Promise<readonly OwnerSummary[]> {
  const { rows } = await database.query<{ owner_id: string; chunk_count: string; document_count: string }>(
    "list_owners",
    // The primary keys of owner_counters, in whose order the groups come, and of documents
    `select o.owner_id, o.chunk_count, (select count(*) from documents d where d.owner_id = o.owner_id) as document_count
     from (
       select owner_id, sum(chunk_count) as chunk_count
       from owner_counters
       where owner_id > $1
       group by owner_id
       having sum(chunk_count) > 0
       order by owner_id
       limit $2) as o
     order by o.owner_id`,
    [page.afterOwnerId, page.count],
    signal,
  );
  return rows.map((row) => ({
    ownerId: row.owner_id,
    documentCount: Number(row.document_count),
    chunkCount: Number(row.chunk_count),
  }));
}
