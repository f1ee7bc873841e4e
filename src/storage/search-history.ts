import type { Queryable } from "./database.ts";

/** One search that was answered: ids and numbers, and the query; no contents. */
export interface SearchRecord {
  readonly ownerId: string;
  readonly searchId: string;
  readonly queryText: string;
  readonly searchType: string;
  readonly plan: string;
  /** How many results were asked for. */
  readonly limit: number;
  /** The results, best first. */
  readonly chunkIds: readonly string[];
  /** One for each result. */
  readonly scores: readonly number[];
  readonly durationMs: number;
  readonly createdAt: Date;
}

/** Stores searches, all in one statement; one that is stored already stays as it is. */
export async function insertSearches(
  queryable: Queryable,
  searches: readonly SearchRecord[],
  signal?: AbortSignal,
): Promise<void> {
  if (searches.length === 0) return;
  const column = <T>(value: (search: SearchRecord) => T) => searches.map(value);
  await queryable.query(
    "insert_searches",
    // Lists come as their text, since unnest would make one list of all of them.
    `insert into search_history (owner_id, search_id, query_text, search_type, plan, result_limit, chunk_ids, scores, duration_ms,
       created_at)
     select owner_id, search_id, query_text, search_type, plan, result_limit, chunk_ids::uuid[], scores::real[], duration_ms, created_at
     from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::text[], $8::text[], $9::real[],
       $10::timestamptz[])
       as n (owner_id, search_id, query_text, search_type, plan, result_limit, chunk_ids, scores, duration_ms, created_at)
     on conflict (owner_id, search_id) do nothing`,
    [
      column((search) => search.ownerId),
      column((search) => search.searchId),
      column((search) => search.queryText),
      column((search) => search.searchType),
      column((search) => search.plan),
      column((search) => search.limit),
      column((search) => `{${search.chunkIds.join(",")}}`),
      column((search) => `{${search.scores.map(Math.fround).join(",")}}`),
      column((search) => search.durationMs),
      column((search) => search.createdAt),
    ],
    signal,
  );
}

/**
 * A search of an owner's history, or undefined if it is not there.
 *
 * @param options.lock keeps it from being deleted until the transaction ends.
 */
export async function findSearch(
  queryable: Queryable,
  key: { readonly ownerId: string; readonly searchId: string },
  options: { readonly lock: boolean } = { lock: false },
): Promise<SearchRecord | undefined> {
  const { rows } = await queryable.query<{
    query_text: string;
    search_type: string;
    plan: string;
    result_limit: number;
    chunk_ids: string[];
    scores: number[];
    duration_ms: number;
    created_at: Date;
  }>(
    "find_search",
    // The primary key; the lists as text arrays, which the driver can read.
    `select query_text, search_type, plan, result_limit, chunk_ids::text[] as chunk_ids, scores::double precision[] as scores,
            duration_ms, created_at
     from search_history
     where owner_id = $1 and search_id = $2
     ${options.lock ? "for key share" : ""}`,
    [key.ownerId, key.searchId],
  );
  const row = rows[0];
  if (!row) return undefined;
  return {
    ...key,
    queryText: row.query_text,
    searchType: row.search_type,
    plan: row.plan,
    limit: row.result_limit,
    chunkIds: row.chunk_ids,
    scores: row.scores,
    durationMs: row.duration_ms,
    createdAt: row.created_at,
  };
}

/** Forgets searches of before a time, whoever's they are, with the feedback on them. */
export async function deleteExpiredSearches(queryable: Queryable, before: Date, signal?: AbortSignal): Promise<number> {
  const { rowCount } = await queryable.query(
    "delete_expired_searches",
    // search_history_by_created_at
    "delete from search_history where created_at < $1",
    [before],
    signal,
  );
  return rowCount;
}

/** Forgets all but the latest searches of each of these owners, with the feedback on them. */
export async function trimSearches(
  queryable: Queryable,
  ownerIds: readonly string[],
  countMax: number,
  signal?: AbortSignal,
): Promise<number> {
  const { rowCount } = await queryable.query(
    "trim_searches",
    // search_history_of_owner, from its end: the latest that is too much, and all before it
    `with surplus as (
       select latest.*
       from unnest($1::text[]) as o (owner_id)
       cross join lateral (
         select owner_id, created_at, search_id
         from search_history h
         where h.owner_id = o.owner_id
         order by created_at desc, search_id desc
         offset $2
         limit 1) as latest)
     delete from search_history h
     using surplus s
     where h.owner_id = s.owner_id and (h.created_at, h.search_id) <= (s.created_at, s.search_id)`,
    [ownerIds, countMax],
    signal,
  );
  return rowCount;
}
