import { randomUUID } from "node:crypto";
import type { Clock } from "../domain/clock.ts";
import { limits } from "../domain/limits.ts";
import type { OwnerNotices } from "../domain/owner-notices.ts";
import type { Wakeup } from "../domain/wakeup.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import { tracedFor } from "../observability/tracing.ts";
import type { Database } from "../storage/database.ts";
import {
  claimJobs,
  completeJobs,
  extendLease,
  failJobs,
  type Lease,
  type LeasedJob,
  releaseJobs,
} from "../storage/embedding-jobs.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { completeKnownJobs } from "../storage/reuse-vectors.ts";
import { BatchSize } from "./batch-size.ts";
import { type BatchOutcome, embedJobs } from "./embed-jobs.ts";
import { EmbedderOutage } from "./embedder-outage.ts";
import { failureReason } from "./embedding-failure.ts";
import type { EmbeddingProvider } from "./embedding-provider.ts";
import { IndexKeeper } from "./index-keeper.ts";

export interface EmbeddingWorkerDeps {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly provider: EmbeddingProvider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "embeddingJobsClaimed" | "embeddingJobsSettled">;
  readonly jobsEnqueued: Wakeup;
  readonly jobsSettled: Wakeup;
  readonly vectorsGiven?: OwnerNotices | undefined;
}

/** How long things may take; those of the limits file unless a test is in a hurry. */
export interface EmbeddingWorkerTimes {
  readonly leaseMs: number;
  /** For a batch to be embedded. */
  readonly callMs: number;
  /** For the embedder to show that it works. */
  readonly trialMs: number;
}

const usualTimes: EmbeddingWorkerTimes = {
  leaseMs: limits.embeddingLeaseSeconds * 1_000,
  callMs: limits.embeddingCallMs,
  trialMs: limits.embeddingTrialMs,
};

/** Batches under way at once: while one is written, the other is embedded, so that the embedder never waits for the database. */
const lanes = 2;

/**
 * Works off the embedding jobs of one model until it is stopped. Any number of workers may run, in any number of processes: each job is
 * leased to one of them, which extends the lease as long as it works on it; one whose worker has died is taken by another when its
 * lease has run out. Owners take turns. What it stores, it also puts into the approximate index where that is due.
 */
export class EmbeddingWorker {
  readonly #deps: EmbeddingWorkerDeps;
  readonly #times: EmbeddingWorkerTimes;
  readonly #stopping = new AbortController();
  readonly #outage: EmbedderOutage;
  readonly #batchSize = new BatchSize();
  /** The last owner who had a turn; the lanes share it. */
  #lastOwnerId: string | undefined;
  readonly #running: Promise<void>[];
  readonly #indexKeeper: IndexKeeper;

  constructor(deps: EmbeddingWorkerDeps, times = usualTimes) {
    this.#deps = deps;
    this.#times = times;
    this.#outage = new EmbedderOutage(deps, times.trialMs);
    this.#indexKeeper = new IndexKeeper(deps);
    this.#running = Array.from({ length: lanes }, () => this.#run());
  }

  /** Ends as soon as it can; jobs that are not embedded yet are given back at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#running, this.#indexKeeper.stop()]);
  }

  async #run(): Promise<void> {
    const { jobsEnqueued, logger } = this.#deps;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const noticesBefore = jobsEnqueued.count;
      let jobsTaken = 0;
      try {
        await this.#outage.waitUntilOver(signal);
        if (!signal.aborted) jobsTaken = await this.#workOff();
      } catch (error) {
        if (!signal.aborted) logger.warn({ err: error }, "the embedding worker could not reach the database; it goes on trying");
      }
      if (jobsTaken === 0 && jobsEnqueued.count === noticesBefore) await jobsEnqueued.wait(limits.embeddingPollMs, signal);
    }
  }

  /** Claims one batch and settles it; returns how many jobs it was. */
  async #workOff(): Promise<number> {
    const { database, table, clock, metrics } = this.#deps;
    const lease: Lease = { leaseId: randomUUID(), modelId: table.modelId };
    const now = clock.now();
    const jobs = await claimJobs(database, lease, {
      count: this.#batchSize.count,
      now,
      leaseUntil: new Date(now.getTime() + this.#times.leaseMs),
      afterOwnerId: this.#lastOwnerId,
    });
    const ownerIds = new Set(jobs.map((job) => job.ownerId));
    this.#lastOwnerId = [...ownerIds].at(-1);
    if (jobs.length === 0) return 0;
    metrics.embeddingJobsClaimed.inc({ model: table.modelId }, jobs.length);
    const stage = { name: "memory.embed_jobs", attributes: { model: table.modelId, jobs: jobs.length } };
    const requests = jobs.map((job) => job.traceparent);
    await tracedFor(requests, stage, () => this.#embed(lease, jobs));
    this.#indexKeeper.vectorsStored(ownerIds);
    return jobs.length;
  }

  async #embed(lease: Lease, jobs: readonly LeasedJob[]): Promise<void> {
    const { database, table, provider, jobsSettled } = this.#deps;
    const stopHeartbeat = this.#startHeartbeat(lease, jobs);
    let outcome: BatchOutcome;
    try {
      const unknown = await completeKnownJobs(database, lease, table, jobs);
      this.#count("reused", jobs.length - unknown.length);
      const started = performance.now();
      outcome = await embedJobs({ provider, outage: this.#outage, callMs: this.#times.callMs }, unknown, this.#stopping.signal);
      if (outcome.embedded.length === unknown.length) this.#batchSize.observe(unknown.length, performance.now() - started);
    } finally {
      await stopHeartbeat();
    }
    await this.#settle(lease, outcome);
    jobsSettled.notify();
  }

  /** Extends the lease until it is told to stop. Where it cannot, others take the jobs over, and nothing is stored twice. */
  #startHeartbeat(lease: Lease, jobs: readonly LeasedJob[]): () => Promise<void> {
    const { database, clock, logger } = this.#deps;
    let extending = Promise.resolve();
    const extend = async () => {
      try {
        await extendLease(database, lease, jobs, new Date(clock.now().getTime() + this.#times.leaseMs));
      } catch (error) {
        logger.warn({ err: error }, "a lease of embedding jobs could not be extended");
      }
    };
    const timer = setInterval(() => {
      extending = extending.then(extend);
    }, this.#times.leaseMs / 3);
    return () => {
      clearInterval(timer);
      return extending;
    };
  }

  async #settle(lease: Lease, { embedded, failed, untried, outageError }: BatchOutcome): Promise<void> {
    const { database, table, clock, jobsEnqueued } = this.#deps;
    if (embedded.length > 0) this.#count("embedded", await completeJobs(database, lease, table, embedded));
    if (failed.length > 0) await this.#fail(lease, failed);
    if (untried.length === 0) return;
    const error = outageError === undefined ? undefined : reasonOf(outageError);
    await releaseJobs(database, lease, untried, { now: clock.now(), error });
    this.#count("returned", untried.length);
    // Another process can go on with them.
    if (this.#stopping.signal.aborted) jobsEnqueued.notify();
  }

  async #fail(lease: Lease, failed: readonly { job: LeasedJob; error: unknown }[]): Promise<void> {
    const { database, clock, logger } = this.#deps;
    const now = clock.now();
    logger.warn({ err: failed[0]?.error, jobs: failed.length }, "chunks could not be embedded");
    const failures = failed.map(({ job, error }) => ({
      job,
      error: reasonOf(error),
      retryAt: retryTime(job.attempts, now),
    }));
    await failJobs(database, lease, failures, now);
    const dead = failures.filter(({ retryAt }) => retryAt === undefined).length;
    this.#count("dead", dead);
    this.#count("failed", failures.length - dead);
  }

  #count(outcome: "embedded" | "reused" | "failed" | "dead" | "returned", jobs: number): void {
    const { metrics, table } = this.#deps;
    if (jobs > 0) metrics.embeddingJobsSettled.inc({ model: table.modelId, outcome }, jobs);
  }
}

function reasonOf(error: unknown): string {
  return failureReason(error).toUpperCase();
}

/**
 * When a job that has failed is tried again: after 1 s, 2 s, 4 s … up to 5 minutes, each less a random part of up to half, so that
 * jobs that failed together do not come back together.
 *
 * @returns undefined if it has been tried often enough.
 */
export function retryTime(attempts: number, now: Date): Date | undefined {
  if (attempts >= limits.embeddingAttemptsMax) return undefined;
  const delayMs = Math.min(limits.embeddingBackoffMaxMs, limits.embeddingBackoffFirstMs * 2 ** (attempts - 1));
  return new Date(now.getTime() + delayMs * (1 - Math.random() / 2));
}
