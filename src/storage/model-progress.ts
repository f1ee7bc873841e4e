import type { Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import type { RegisteredModel } from "./model-registry.ts";

/** How many chunks have a model's vector. */
export interface ModelProgress {
  /** Chunks that search can return. */
  readonly total: number;
  /** Those of them that have the vector; while stored chunks are still being queued, about so many. */
  readonly done: number;
  /** Those that wait for it or are being embedded; not those that are still to be queued. */
  readonly waiting: number;
  /** Those whose embedding has failed for good. */
  readonly dead: number;
}

/**
 * Counts a model's jobs rather than its vectors, which would take seconds for millions: a chunk has a vector, a job, or is still to be
 * queued.
 */
export async function readModelProgress(
  queryable: Queryable,
  model: RegisteredModel,
  signal?: AbortSignal,
): Promise<ModelProgress> {
  const { rows } = await queryable.query<{ total: string; waiting: string; dead: string }>(
    "read_model_progress",
    // embedding_jobs_available and embedding_jobs_dead
    `select (select coalesce(sum(chunk_count), 0) from owner_counters) as total,
            (select count(*) from embedding_jobs where model_id = $1 and state <> 'dead') as waiting,
            (select count(*) from embedding_jobs where model_id = $1 and state = 'dead') as dead`,
    [model.table.modelId],
    signal,
  );
  const total = Number(rows[0]?.total ?? 0);
  const waiting = Number(rows[0]?.waiting ?? 0);
  const dead = Number(rows[0]?.dead ?? 0);
  const looked = model.queuedAt ? total : Math.min(total, model.queuedCount);
  return { total, waiting, dead, done: Math.max(0, looked - waiting - dead) };
}

/** Chunks that vector search would no longer find after a switch. */
export interface MissingVectors {
  /** They are still to be embedded. */
  readonly waiting: number;
  /** Their embedding has failed for good. */
  readonly dead: number;
}

/**
 * Counts the chunks that a model has no vector of, although it should by now: all that were there when the last was queued, and of those
 * that came later the ones that have the active model's vector since before `lateBefore`. Both models get the vectors of new chunks one
 * by one, so under writes some are always a moment behind.
 */
export async function countMissingVectors(
  queryable: Queryable,
  model: RegisteredModel,
  options: { readonly active: EmbeddingTable; readonly lateBefore: Date },
  signal?: AbortSignal,
): Promise<MissingVectors> {
  const { rows } = await queryable.query<{ waiting: number; dead: number }>(
    "count_missing_vectors",
    // embedding_jobs_available and embedding_jobs_dead, then the primary key of the active model's vectors
    `select (select count(*)::integer
             from embedding_jobs j
             where j.model_id = $1 and j.state <> 'dead'
               and (j.created_at <= $2
                 or j.created_at < $3
                   and exists (
                     select from ${options.active.tableName} a where a.owner_id = j.owner_id and a.chunk_id = j.chunk_id))) as waiting,
            (select count(*)::integer from embedding_jobs j where j.model_id = $1 and j.state = 'dead') as dead`,
    [model.table.modelId, model.queuedAt ?? options.lateBefore, options.lateBefore],
    signal,
  );
  return rows[0] ?? { waiting: 0, dead: 0 };
}
