import { limits } from "../domain/limits.ts";
import { textArray } from "./array-parameters.ts";
import type { Database, Queryable } from "./database.ts";

/**
 * Chunks that wait for their vectors, in the order of their ids: those are UUIDs of version 7, so that a chunk which was made later
 * has a greater one. Ids are in lower case and compare as texts.
 */
export interface WaitingChunks {
  readonly ownerId: string;
  readonly modelId: string;
}

/** What separates an owner's chunks from being found by vectors. */
export interface OldestWaiting {
  /** The smallest id of a chunk that waits; undefined if none does. */
  readonly oldest: string | undefined;
  /** How many of the chunks before it never will have a vector, counted up to `deadChunksCountedMax`. */
  readonly dead: number;
}

/** Looks at the front of each owner's queue, in one statement. */
export async function readOldestWaiting(
  queryable: Queryable,
  { ownerIds, modelId }: { readonly ownerIds: readonly string[]; readonly modelId: string },
): Promise<ReadonlyMap<string, OldestWaiting>> {
  const { rows } = await queryable.query<{ owner_id: string; oldest: string | null; dead: number }>(
    "read_oldest_waiting",
    // The primary key of embedding_jobs, twice for each owner, and no further than the oldest.
    `select o.owner_id, w.chunk_id as oldest, d.dead
     from unnest($1::text[]) as o (owner_id)
     left join lateral (
       select chunk_id
       from embedding_jobs
       where owner_id = o.owner_id and model_id = $2 and state <> 'dead'
       order by owner_id, chunk_id
       limit 1) as w on true
     cross join lateral (
       select count(*)::integer as dead
       from (
         select 1
         from embedding_jobs
         where owner_id = o.owner_id and model_id = $2 and state = 'dead'
           and chunk_id < coalesce(w.chunk_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
         limit $3) as dead_chunks) as d`,
    [textArray(ownerIds), modelId, limits.deadChunksCountedMax],
  );
  return new Map(rows.map(({ owner_id, oldest, dead }) => [owner_id, { oldest: oldest ?? undefined, dead }]));
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
