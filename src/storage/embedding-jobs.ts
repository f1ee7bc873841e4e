import { limits } from "../domain/limits.ts";
import type { Database, Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { touchOwners } from "./owner-counters.ts";
import { vectorArrayParameter } from "./vector-codec.ts";

/** A job that this process holds until its lease ends, with the text to embed. */
export interface LeasedJob {
  readonly ownerId: string;
  readonly chunkId: string;
  readonly content: string;
  /** How often the job was taken, this time included. */
  readonly attempts: number;
}

/** Identifies one claim: a job whose lease was taken over by another process no longer answers to it. */
export interface Lease {
  readonly leaseId: string;
  readonly modelId: string;
}

/**
 * Takes the jobs that have waited longest, those whose lease has run out included. Jobs that another process is just taking are
 * skipped, not waited for. A job that was taken as often as a job may be, and was neither done nor given back, is dead: its text ends
 * the process that embeds it.
 */
export async function claimJobs(
  database: Database,
  lease: Lease,
  options: { count: number; now: Date; leaseUntil: Date },
  signal?: AbortSignal,
): Promise<LeasedJob[]> {
  const { rows } = await database.query<{
    owner_id: string;
    chunk_id: string;
    attempts: number;
    state: string;
    content: string | null;
  }>(
    "claim_jobs",
    // embedding_jobs_available
    `with due as (
       select owner_id, chunk_id
       from embedding_jobs
       where model_id = $1 and state <> 'dead' and available_at <= $3
       order by available_at
       limit $2
       for update skip locked)
     update embedding_jobs j
     set state = case when j.attempts >= $6 then 'dead' else 'leased' end,
         last_error = case when j.attempts >= $6 then 'LEASE_EXPIRED' else j.last_error end,
         attempts = least(j.attempts + 1, $6), available_at = $4, lease_id = $5
     from due
     left join document_chunks c using (owner_id, chunk_id)
     where j.model_id = $1 and j.owner_id = due.owner_id and j.chunk_id = due.chunk_id
     returning j.owner_id, j.chunk_id, j.attempts, j.state, c.content`,
    [lease.modelId, options.count, options.now, options.leaseUntil, lease.leaseId, limits.embeddingAttemptsMax],
    signal,
  );
  const leased = rows.filter((row) => row.state === "leased");
  return leased.map((row) => ({
    ownerId: row.owner_id,
    chunkId: row.chunk_id,
    attempts: row.attempts,
    content: row.content ?? "",
  }));
}

/**
 * Stores vectors and deletes their jobs in one transaction. Vectors whose chunk was deleted meanwhile, or whose lease was taken
 * over, are dropped: the chunk rows are locked first, so that none disappears in between.
 *
 * @returns how many vectors were stored.
 */
export async function completeJobs(
  database: Database,
  lease: Lease,
  table: EmbeddingTable,
  results: readonly { readonly job: LeasedJob; readonly embedding: Float32Array }[],
): Promise<number> {
  return await database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ chunk_id: string; document_id: string }>(
      "lock_chunks",
      `select c.chunk_id, c.document_id
       from document_chunks c
       join unnest($1::text[], $2::uuid[]) as k (owner_id, chunk_id) using (owner_id, chunk_id)
       join embedding_jobs j using (owner_id, chunk_id)
       where j.model_id = $3 and j.lease_id = $4
       order by c.owner_id, c.chunk_id
       for key share of c`,
      [results.map(({ job }) => job.ownerId), results.map(({ job }) => job.chunkId), lease.modelId, lease.leaseId],
    );
    const documentIds = new Map(rows.map((row) => [row.chunk_id, row.document_id]));
    const stored = results.filter(({ job }) => documentIds.has(job.chunkId));
    await transaction.query(
      "store_embeddings",
      `with done as (
         delete from embedding_jobs j
         using unnest($1::text[], $2::uuid[]) as k (owner_id, chunk_id)
         where j.owner_id = k.owner_id and j.chunk_id = k.chunk_id and j.model_id = $3 and j.lease_id = $4)
       insert into ${table.tableName} (owner_id, chunk_id, document_id, embedding)
       select * from unnest($5::text[], $6::uuid[], $7::uuid[], $8::${table.vectorType}[])
       on conflict (owner_id, chunk_id) do update set embedding = excluded.embedding, indexed = false`,
      [
        results.map(({ job }) => job.ownerId),
        results.map(({ job }) => job.chunkId),
        lease.modelId,
        lease.leaseId,
        stored.map(({ job }) => job.ownerId),
        stored.map(({ job }) => job.chunkId),
        stored.map(({ job }) => documentIds.get(job.chunkId)),
        vectorArrayParameter(
          table,
          stored.map(({ embedding }) => embedding),
        ),
      ],
    );
    await touchOwners(
      transaction,
      stored.map(({ job }) => job.ownerId),
    );
    return stored.length;
  });
}

/** Records a failed attempt of each job: it waits until `retryAt`, or is dead if there is none. */
export async function failJobs(
  database: Database,
  lease: Lease,
  failures: readonly { readonly job: LeasedJob; readonly retryAt: Date | undefined; readonly error: string }[],
  now: Date,
): Promise<void> {
  await database.query(
    "fail_jobs",
    `update embedding_jobs j
     set state = case when k.retry_at is null then 'dead' else 'pending' end,
         available_at = coalesce(k.retry_at, $7), lease_id = null, last_error = k.error
     from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[]) as k (owner_id, chunk_id, retry_at, error)
     where j.owner_id = k.owner_id and j.chunk_id = k.chunk_id and j.model_id = $5 and j.lease_id = $6`,
    [
      failures.map(({ job }) => job.ownerId),
      failures.map(({ job }) => job.chunkId),
      failures.map(({ retryAt }) => retryAt),
      failures.map(({ error }) => error),
      lease.modelId,
      lease.leaseId,
      now,
    ],
  );
}

/** Gives jobs back unharmed, at a graceful stop: the attempt does not count. */
export async function releaseJobs(database: Database, lease: Lease, now: Date): Promise<void> {
  await database.query(
    "release_jobs",
    `update embedding_jobs
     set state = 'pending', attempts = attempts - 1, available_at = $3, lease_id = null
     where model_id = $1 and lease_id = $2 and state = 'leased'`,
    [lease.modelId, lease.leaseId, now],
  );
}

/** Takes the leases of processes that are gone. Only where no other process can be at work: on the embedded database, at start. */
export async function releaseAbandonedJobs(database: Database, now: Date): Promise<void> {
  await database.query(
    "release_abandoned_jobs",
    "update embedding_jobs set state = 'pending', available_at = $1, lease_id = null where state = 'leased'",
    [now],
  );
}

/** Chunks of a document that have no vector yet: those that wait, and those whose embedding has failed for good. */
export async function countPendingJobs(
  queryable: Queryable,
  document: { ownerId: string; documentId: string },
  signal?: AbortSignal,
): Promise<{ waiting: number; dead: number }> {
  const { rows } = await queryable.query<{ waiting: number; dead: number }>(
    "count_pending_jobs",
    // document_chunks_by_document, then the primary key of embedding_jobs
    `select count(*) filter (where j.state <> 'dead')::integer as waiting, count(*) filter (where j.state = 'dead')::integer as dead
     from document_chunks c
     join embedding_jobs j using (owner_id, chunk_id)
     where c.owner_id = $1 and c.document_id = $2 and c.chunk_level = 0`,
    [document.ownerId, document.documentId],
    signal,
  );
  return rows[0] ?? { waiting: 0, dead: 0 };
}
