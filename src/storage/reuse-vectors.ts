import type { Database } from "./database.ts";
import { deleteJobs, jobKeys, type Lease, type LeasedJob, lockChunks } from "./embedding-jobs.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { touchOwners } from "./owner-counters.ts";

/**
 * Completes those of the jobs whose text has a vector already, of the same owner and model, with a copy of it.
 *
 * @returns the jobs that are left.
 */
export async function completeKnownJobs(
  database: Database,
  lease: Lease,
  table: EmbeddingTable,
  jobs: readonly LeasedJob[],
  signal?: AbortSignal,
): Promise<readonly LeasedJob[]> {
  const { rows: known } = await database.query<{ chunk_id: string }>(
    "find_known_vectors",
    // The index of inputs
    `select k.chunk_id
     from unnest($1::text[], $2::uuid[], $3::bytea[]) as k (owner_id, chunk_id, input_hash)
     cross join lateral (
       select from ${table.tableName} e where e.owner_id = k.owner_id and e.input_hash = k.input_hash limit 1) as known`,
    [...jobKeys(jobs), jobs.map((job) => job.inputHash)],
    signal,
  );
  if (known.length === 0) return jobs;
  const knownIds = new Set(known.map((row) => row.chunk_id));
  const copied = await copyVectors(
    database,
    lease,
    table,
    jobs.filter((job) => knownIds.has(job.chunkId)),
  );
  return jobs.filter((job) => !copied.has(job.chunkId));
}

/** Returns the chunks that have a vector now. */
async function copyVectors(
  database: Database,
  lease: Lease,
  table: EmbeddingTable,
  jobs: readonly LeasedJob[],
): Promise<ReadonlySet<string>> {
  return await database.transaction(async (transaction) => {
    const documentIds = await lockChunks(transaction, lease, jobs);
    const locked = jobs.filter((job) => documentIds.has(job.chunkId));
    const { rows } = await transaction.query<{ owner_id: string; chunk_id: string }>(
      "copy_embeddings",
      `with copied as (
         insert into ${table.tableName} (owner_id, chunk_id, document_id, input_hash, embedding)
         select n.owner_id, n.chunk_id, n.document_id, n.input_hash, known.embedding
         from unnest($1::text[], $2::uuid[], $5::uuid[], $6::bytea[]) as n (owner_id, chunk_id, document_id, input_hash)
         cross join lateral (
           select e.embedding from ${table.tableName} e where e.owner_id = n.owner_id and e.input_hash = n.input_hash limit 1) as known
         on conflict (owner_id, chunk_id) do update
         set embedding = excluded.embedding, input_hash = excluded.input_hash, indexed = false
         returning owner_id, chunk_id)
       ${deleteJobs} and (j.owner_id, j.chunk_id) in (select owner_id, chunk_id from copied)
       returning j.owner_id, j.chunk_id`,
      [
        ...jobKeys(locked),
        lease.modelId,
        lease.leaseId,
        locked.map((job) => documentIds.get(job.chunkId)),
        locked.map((job) => job.inputHash),
      ],
    );
    await touchOwners(
      transaction,
      rows.map((row) => row.owner_id),
    );
    return new Set(rows.map((row) => row.chunk_id));
  });
}
