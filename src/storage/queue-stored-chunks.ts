import type { Database } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { countWaiting } from "./waiting-chunks.ts";

/**
 * How it stands with the chunks that were there before a model: `queued` some more of them; `waiting`, since as many jobs wait as may, or
 * another process is at it; `finished`, since all have been queued or nobody builds the model any more.
 */
export type QueueingStep = "queued" | "waiting" | "finished";

/**
 * Makes jobs of a model that is being built for the next chunks in the order of their keys, in one transaction with the position, so
 * that a killed process has either done both or nothing. A row lock lets one process at a time do it. Chunks that came after the model
 * was registered have their jobs by whoever wrote them; a chunk that is deleted meanwhile may leave a job, which ends without a vector.
 *
 * @param options.jobsMax jobs of the model that may wait at once; chunks are queued while there are fewer.
 */
export async function queueStoredChunks(
  database: Database,
  table: EmbeddingTable,
  options: { readonly count: number; readonly jobsMax: number; readonly now: Date },
  signal: AbortSignal,
): Promise<QueueingStep> {
  return await database.transaction(
    async (transaction) => {
      const { rows: building } = await transaction.query<{ is_open: boolean }>(
        "read_queueing_state",
        "select queued_at is null as is_open from embedding_models where model_id = $1 and state = 'building'",
        [table.modelId],
      );
      if (!building[0]?.is_open) return "finished";
      const { rows: locked } = await transaction.query<{ owner_id: string | null; chunk_id: string | null }>(
        "lock_queueing_position",
        `select queued_owner_id as owner_id, queued_chunk_id as chunk_id
         from embedding_models
         where model_id = $1 and state = 'building' and queued_at is null
         for no key update skip locked`,
        [table.modelId],
      );
      const [position] = locked;
      if (!position || (await countWaiting(transaction, table.modelId, options.jobsMax)) >= options.jobsMax) return "waiting";
      const { rows } = await transaction.query<{ count: number; last_owner_id: string | null; last_chunk_id: string | null }>(
        "queue_stored_chunks",
        // The primary keys of document_chunks and of the vectors. No owner's id is empty.
        `with batch as materialized (
           select c.owner_id, c.chunk_id, c.chunk_level
           from document_chunks c
           where (c.owner_id, c.chunk_id) > ($2, $3::uuid)
           order by c.owner_id, c.chunk_id
           limit $4),
         jobs as (
           insert into embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, created_at)
           select b.owner_id, b.chunk_id, $1, 'pending', 0, $5, $5
           from batch b
           where b.chunk_level = 0
             and not exists (select from ${table.tableName} e where e.owner_id = b.owner_id and e.chunk_id = b.chunk_id)
           on conflict (owner_id, chunk_id, model_id) do nothing)
         select (count(*) filter (where chunk_level = 0))::integer as count,
                (array_agg(owner_id order by owner_id desc, chunk_id desc))[1] as last_owner_id,
                (array_agg(chunk_id order by owner_id desc, chunk_id desc))[1] as last_chunk_id
         from batch`,
        [
          table.modelId,
          position.owner_id ?? "",
          position.chunk_id ?? "00000000-0000-0000-0000-000000000000",
          options.count,
          options.now,
        ],
      );
      const [batch] = rows;
      const isLast = !batch || batch.last_owner_id === null;
      await transaction.query(
        "save_queueing_position",
        `update embedding_models
         set queued_owner_id = coalesce($2, queued_owner_id), queued_chunk_id = coalesce($3, queued_chunk_id),
             queued_count = queued_count + $4, queued_at = $5
         where model_id = $1`,
        [
          table.modelId,
          batch?.last_owner_id ?? null,
          batch?.last_chunk_id ?? null,
          batch?.count ?? 0,
          isLast ? options.now : null,
        ],
      );
      return isLast ? "finished" : "queued";
    },
    { signal },
  );
}
