import { limits } from "../domain/limits.ts";
import type { Database, Queryable } from "./database.ts";

/**
 * Chunks that wait for their vectors, in the order of their ids: those are UUIDs of version 7, so that a chunk which was made later
 * has a greater one. Ids are in lower case and compare as texts.
 */
export interface WaitingChunks {
  readonly ownerId: string;
  readonly modelId: string;
}

/**
 * What separates an owner's chunks from being found by vectors.
 *
 * @returns oldest: the smallest id of a chunk that waits; undefined if none does. dead: how many of the chunks before it never will have
 *   a vector, counted up to `deadChunksCountedMax`.
 */
export async function readOldestWaiting(
  database: Database,
  { ownerId, modelId }: WaitingChunks,
  signal?: AbortSignal,
): Promise<{ oldest: string | undefined; dead: number }> {
  const { rows } = await database.query<{ oldest: string | null; dead: number }>(
    "read_oldest_waiting",
    // The primary key of embedding_jobs, twice, and no further than the oldest.
    `with oldest as (
       select chunk_id
       from embedding_jobs
       where owner_id = $1 and model_id = $2 and state <> 'dead'
       order by owner_id, chunk_id
       limit 1)
     select (select chunk_id from oldest) as oldest,
            (select count(*)::integer
             from (
               select 1
               from embedding_jobs
               where owner_id = $1 and model_id = $2 and state = 'dead'
                 and chunk_id < coalesce((select chunk_id from oldest), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
               limit $3) as dead_chunks) as dead`,
    [ownerId, modelId, limits.deadChunksCountedMax],
    signal,
  );
  return { oldest: rows[0]?.oldest ?? undefined, dead: rows[0]?.dead ?? 0 };
}

/** The greatest id of an owner's chunks that wait; undefined if none does. */
export async function readNewestWaiting(
  database: Database,
  { ownerId, modelId }: WaitingChunks,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { rows } = await database.query<{ chunk_id: string }>(
    "read_newest_waiting",
    // The primary key of embedding_jobs, backwards.
    `select chunk_id
     from embedding_jobs
     where owner_id = $1 and model_id = $2 and state <> 'dead'
     order by owner_id desc, chunk_id desc
     limit 1`,
    [ownerId, modelId],
    signal,
  );
  return rows[0]?.chunk_id;
}

/** How many chunks of all owners wait for their vectors, counted up to `countMax`. */
export async function countWaiting(
  queryable: Queryable,
  modelId: string,
  countMax: number,
  signal?: AbortSignal,
): Promise<number> {
  const { rows } = await queryable.query<{ waiting: number }>(
    "count_waiting_chunks",
    // embedding_jobs_available
    `select count(*)::integer as waiting
     from (
       select 1
       from embedding_jobs
       where model_id = $1 and state <> 'dead'
       limit $2) as waiting_chunks`,
    [modelId, countMax],
    signal,
  );
  return rows[0]?.waiting ?? 0;
}
