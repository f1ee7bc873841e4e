import { hash } from "node:crypto";
import { limits } from "../domain/limits.ts";
import type { Database, Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { touchOwners } from "./owner-counters.ts";
import { vectorArrayParameter } from "./vector-codec.ts";

/** A job that this process holds until its lease ends, with the text to embed. */
export interface LeasedJob {
  readonly ownerId: string;
  readonly chunkId: string;
  /** The chunk's, after its context prefix if it has one. */
  readonly content: string;
  /** Names the text: an owner's vector that was stored with the same hash is the vector of this text. */
  readonly inputHash: Buffer;
  /** How often the job was taken, this time included. */
  readonly attempts: number;
  /** Of the request that made it, if that was traced. */
  readonly traceparent: string | undefined;
}

/** Identifies one claim: a job whose lease was taken over by another process no longer answers to it. */
export interface Lease {
  readonly leaseId: string;
  readonly modelId: string;
}

export interface ClaimOptions {
  readonly count: number;
  readonly now: Date;
  readonly leaseUntil: Date;
  /** Owners after this one have their turn first, in the order of their ids; then those up to it. */
  readonly afterOwnerId?: string | undefined;
}

/**
 * Takes jobs of as many owners as there are turns, as many of each, and of each those that have waited longest, so that no owner waits for
 * another's jobs; those whose lease has run out are among them. Jobs that another process is just taking are skipped, not waited for.
 * A job that was taken as often as a job may be, and was neither done nor given back, is dead: its text ends the process that embeds it.
 * One whose chunk is gone is deleted.
 *
 * @returns jobs by the turns of their owners; at most `count`, and fewer also where owners had less than their share, so only a claim of
 *   none says that none is left.
 */
export async function claimJobs(
  database: Database,
  lease: Lease,
  options: ClaimOptions,
  signal?: AbortSignal,
): Promise<LeasedJob[]> {
  const { rows } = await database.query<{
    owner_id: string;
    chunk_id: string;
    attempts: number;
    state: string;
    turn: number;
    is_orphan: boolean;
    content: string;
    traceparent: string | null;
  }>(
    "claim_jobs",
    // embedding_jobs_available: a step of the recursion is a descent to the next owner, however many jobs lie between. Without
    // `offset 0` each descent would be made twice.
    `with recursive turns (owner_id, turn, first_id) as (
       select first.owner_id, 1, first.owner_id
       from (select coalesce(${nextOwner("$7::text")}, ${nextOwner("''")}) as owner_id offset 0) as first
       where first.owner_id is not null
       union all
       select next.owner_id, turns.turn + 1, turns.first_id
       from turns
       cross join lateral (select coalesce(${nextOwner("turns.owner_id")}, ${nextOwner("''")}) as owner_id offset 0) as next
       where turns.turn < $2::integer and next.owner_id <> turns.first_id),
     due as (
       select job.owner_id, job.chunk_id, turns.turn
       from turns
       cross join lateral (
         select owner_id, chunk_id
         from embedding_jobs
         where model_id = $1 and owner_id = turns.owner_id and state <> 'dead' and available_at <= $3
         order by available_at
         limit (select ($2::integer + count(*) - 1) / greatest(count(*), 1) from turns)
         for update skip locked) as job
       limit $2)
     update embedding_jobs j
     set state = case when j.attempts >= $6 then 'dead' else 'leased' end,
         last_error = case when j.attempts >= $6 then 'LEASE_EXPIRED' else j.last_error end,
         attempts = least(j.attempts + 1, $6), available_at = $4, lease_id = $5
     from due
     left join document_chunks c using (owner_id, chunk_id)
     where j.model_id = $1 and j.owner_id = due.owner_id and j.chunk_id = due.chunk_id
     returning j.owner_id, j.chunk_id, j.attempts, j.state, due.turn, c.chunk_id is null as is_orphan, j.traceparent,
       concat_ws(E'\\n', c.context_prefix, c.content) as content`,
    [
      lease.modelId,
      options.count,
      options.now,
      options.leaseUntil,
      lease.leaseId,
      limits.embeddingAttemptsMax,
      options.afterOwnerId ?? "",
    ],
    signal,
  );
  const orphans = rows.filter((row) => row.is_orphan);
  if (orphans.length > 0) {
    const keys = [orphans.map((row) => row.owner_id), orphans.map((row) => row.chunk_id)];
    await database.query("delete_orphaned_jobs", deleteJobs, [...keys, lease.modelId, lease.leaseId], signal);
  }
  const leased = rows.filter((row) => row.state === "leased" && !row.is_orphan);
  return leased
    .sort((left, right) => left.turn - right.turn)
    .map((row) => ({
      ownerId: row.owner_id,
      chunkId: row.chunk_id,
      attempts: row.attempts,
      content: row.content,
      inputHash: hashInput(row.content),
      traceparent: row.traceparent ?? undefined,
    }));
}

/** The next owner who has a job that is due. */
function nextOwner(after: string): string {
  return `(select owner_id from embedding_jobs
    where model_id = $1 and state <> 'dead' and available_at <= $3 and owner_id > ${after} order by owner_id limit 1)`;
}

/** Keeps the jobs of a lease from others for longer; those that were taken over already stay with their new lease. */
export async function extendLease(
  database: Database,
  lease: Lease,
  jobs: readonly LeasedJob[],
  leaseUntil: Date,
  signal?: AbortSignal,
): Promise<void> {
  await database.query(
    "extend_lease",
    `update embedding_jobs j
     set available_at = $5
     from unnest($1::text[], $2::uuid[]) as k (owner_id, chunk_id)
     where j.owner_id = k.owner_id and j.chunk_id = k.chunk_id and j.model_id = $3 and j.lease_id = $4 and j.state = 'leased'`,
    [...jobKeys(jobs), lease.modelId, lease.leaseId, leaseUntil],
    signal,
  );
}

/**
 * Stores vectors and deletes their jobs in one transaction. Vectors whose chunk was deleted meanwhile or is just being deleted, or whose
 * lease was taken over, are dropped.
 *
 * @returns how many vectors were stored.
 */
export async function completeJobs(
  database: Database,
  lease: Lease,
  table: EmbeddingTable,
  results: readonly { readonly job: LeasedJob; readonly embedding: Float32Array }[],
): Promise<number> {
  const jobs = results.map(({ job }) => job);
  return await database.transaction(async (transaction) => {
    const documentIds = await lockChunks(transaction, lease, jobs);
    const stored = results.filter(({ job }) => documentIds.has(job.chunkId));
    const { rowCount } = await transaction.query(
      "store_embeddings",
      `with done as (
         ${deleteJobs}
         returning j.owner_id, j.chunk_id)
       insert into ${table.tableName} (owner_id, chunk_id, document_id, input_hash, embedding)
       select n.*
       from unnest($1::text[], $2::uuid[], $5::uuid[], $6::bytea[], $7::${table.vectorType}[])
         as n (owner_id, chunk_id, document_id, input_hash, embedding)
       join done using (owner_id, chunk_id)
       on conflict (owner_id, chunk_id) do update
       set embedding = excluded.embedding, input_hash = excluded.input_hash, indexed = false`,
      [
        ...jobKeys(stored.map(({ job }) => job)),
        lease.modelId,
        lease.leaseId,
        stored.map(({ job }) => documentIds.get(job.chunkId)),
        stored.map(({ job }) => job.inputHash),
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
    return rowCount;
  });
}

/**
 * Keeps the chunks of jobs that are still of the lease from being deleted. One that somebody is just deleting is left to him: whoever
 * waited for it could be waited for. Its job goes with it, or comes back when the lease has run out.
 *
 * @returns documents by chunk.
 */
export async function lockChunks(transaction: Queryable, lease: Lease, jobs: readonly LeasedJob[]): Promise<Map<string, string>> {
  const { rows } = await transaction.query<{ chunk_id: string; document_id: string }>(
    "lock_chunks",
    `select c.chunk_id, c.document_id
     from document_chunks c
     join unnest($1::text[], $2::uuid[]) as k (owner_id, chunk_id) using (owner_id, chunk_id)
     join embedding_jobs j using (owner_id, chunk_id)
     where j.model_id = $3 and j.lease_id = $4
     order by c.owner_id, c.chunk_id
     for key share of c skip locked`,
    [...jobKeys(jobs), lease.modelId, lease.leaseId],
  );
  return new Map(rows.map((row) => [row.chunk_id, row.document_id]));
}

/** Of the keys in $1 and $2, those that are of model $3 and lease $4. */
export const deleteJobs = `delete from embedding_jobs j
  using unnest($1::text[], $2::uuid[]) as k (owner_id, chunk_id)
  where j.owner_id = k.owner_id and j.chunk_id = k.chunk_id and j.model_id = $3 and j.lease_id = $4`;

/** Owners and chunks, for `unnest`. */
export function jobKeys(jobs: readonly LeasedJob[]): [string[], string[]] {
  return [jobs.map((job) => job.ownerId), jobs.map((job) => job.chunkId)];
}

/** Half of a SHA-256, which no two texts share by chance. */
function hashInput(content: string): Buffer {
  return hash("sha256", content, "buffer").subarray(0, 16);
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

/**
 * Gives jobs back unharmed, at a graceful stop or when the embedder is down: the attempt does not count.
 *
 * @param error why, if not because of a stop.
 */
export async function releaseJobs(
  database: Database,
  lease: Lease,
  jobs: readonly LeasedJob[],
  options: { readonly now: Date; readonly error?: string | undefined },
): Promise<void> {
  await database.query(
    "release_jobs",
    `update embedding_jobs j
     set state = 'pending', attempts = j.attempts - 1, available_at = $5, lease_id = null, last_error = coalesce($6, j.last_error)
     from unnest($1::text[], $2::uuid[]) as k (owner_id, chunk_id)
     where j.owner_id = k.owner_id and j.chunk_id = k.chunk_id and j.model_id = $3 and j.lease_id = $4 and j.state = 'leased'`,
    [...jobKeys(jobs), lease.modelId, lease.leaseId, options.now, options.error ?? null],
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

/**
 * Chunks of documents that have no vector yet: those that wait, and those whose embedding has failed for good.
 *
 * @returns in the order of `documents`.
 */
export async function countPendingJobs(
  queryable: Queryable,
  documents: readonly { readonly ownerId: string; readonly documentId: string }[],
  signal?: AbortSignal,
): Promise<{ waiting: number; dead: number }[]> {
  const { rows } = await queryable.query<{ place: number; waiting: number; dead: number }>(
    "count_pending_jobs",
    // document_chunks_by_document, then the primary key of embedding_jobs; a model that is not searched keeps nobody waiting
    `select k.place::integer, count(*) filter (where j.state <> 'dead')::integer as waiting,
            count(*) filter (where j.state = 'dead')::integer as dead
     from unnest($1::text[], $2::uuid[]) with ordinality as k (owner_id, document_id, place)
     join document_chunks c on c.owner_id = k.owner_id and c.document_id = k.document_id and c.chunk_level = 0
     join embedding_jobs j on j.owner_id = c.owner_id and j.chunk_id = c.chunk_id
     join embedding_models m on m.model_id = j.model_id and m.state = 'active'
     group by k.place`,
    [documents.map(({ ownerId }) => ownerId), documents.map(({ documentId }) => documentId)],
    signal,
  );
  const byPlace = new Map(rows.map(({ place, waiting, dead }) => [place, { waiting, dead }]));
  return documents.map((_, index) => byPlace.get(index + 1) ?? { waiting: 0, dead: 0 });
}
