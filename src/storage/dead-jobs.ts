import { limits } from "../domain/limits.ts";
import type { Database } from "./database.ts";

/** Which dead jobs: all, or those of one owner, of one model, or both. */
export interface DeadJobs {
  readonly ownerId: string | undefined;
  readonly modelId: string | undefined;
}

/** Lets dead jobs be tried again, with all their attempts; returns how many. */
export async function retryDeadJobs(database: Database, which: DeadJobs, now: Date, signal?: AbortSignal): Promise<number> {
  return await inBatches(async (count) => {
    const { rowCount } = await database.query(
      "retry_dead_jobs",
      `with dead as (${selectDead})
       update embedding_jobs j
       set state = 'pending', attempts = 0, available_at = $4
       from dead
       where j.owner_id = dead.owner_id and j.chunk_id = dead.chunk_id and j.model_id = dead.model_id`,
      [which.ownerId ?? null, which.modelId ?? null, count, now],
      signal,
    );
    return rowCount;
  });
}

/** Gives dead jobs up: their chunks stay without a vector, and found by words alone. Returns how many. */
export async function purgeDeadJobs(database: Database, which: DeadJobs, signal?: AbortSignal): Promise<number> {
  return await inBatches(async (count) => {
    const { rowCount } = await database.query(
      "purge_dead_jobs",
      `with dead as (${selectDead})
       delete from embedding_jobs j
       using dead
       where j.owner_id = dead.owner_id and j.chunk_id = dead.chunk_id and j.model_id = dead.model_id`,
      [which.ownerId ?? null, which.modelId ?? null, count],
      signal,
    );
    return rowCount;
  });
}

/** embedding_jobs_dead */
const selectDead = `select owner_id, chunk_id, model_id
  from embedding_jobs
  where state = 'dead' and ($1::text is null or owner_id = $1) and ($2::text is null or model_id = $2)
  order by model_id, owner_id
  limit $3
  for update skip locked`;

async function inBatches(run: (count: number) => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const done = await run(limits.deadJobsBatchSize);
    total += done;
    if (done < limits.deadJobsBatchSize) return total;
  }
}
