import { randomUUID } from "node:crypto";
import type { Clock } from "../domain/clock.ts";
import { DependencyUnavailableError, DomainError, LimitExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Wakeup } from "../domain/wakeup.ts";
import type { Logger } from "../observability/logger.ts";
import type { Database } from "../storage/database.ts";
import { claimJobs, completeJobs, failJobs, type Lease, type LeasedJob, releaseJobs } from "../storage/embedding-jobs.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import type { EmbeddingProvider } from "./embedding-provider.ts";
import { IndexKeeper } from "./index-keeper.ts";

export interface EmbeddingWorkerDeps {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly provider: EmbeddingProvider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly jobsEnqueued: Wakeup;
  readonly jobsSettled: Wakeup;
}

/** Batches under way at once: while one is written, the other is embedded, so that the embedder never waits for the database. */
const lanes = 2;

/**
 * Works off embedding jobs until it is stopped. Any number of workers may run, in any number of processes: each job is leased to
 * one of them, and one whose worker has died is taken by another when its lease has run out. What it stores, it also puts into the
 * approximate index where that is due.
 */
export class EmbeddingWorker {
  readonly #deps: EmbeddingWorkerDeps;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>[];
  readonly #indexKeeper: IndexKeeper;

  constructor(deps: EmbeddingWorkerDeps) {
    this.#deps = deps;
    this.#indexKeeper = new IndexKeeper(deps);
    this.#running = Array.from({ length: lanes }, () => this.#run());
  }

  /** Ends as soon as it can; jobs that are not embedded yet are given back at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#running, this.#indexKeeper.stop()]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let wasFull = false;
      try {
        wasFull = (await this.#workOff()) === limits.embeddingBatchSize;
      } catch (error) {
        if (!signal.aborted)
          this.#deps.logger.warn({ err: error }, "the embedding worker could not reach the database; it goes on trying");
      }
      if (!wasFull) await this.#deps.jobsEnqueued.wait(limits.embeddingPollMs, signal);
    }
  }

  /** Claims one batch, embeds it and stores the vectors; returns the batch's size. */
  async #workOff(): Promise<number> {
    const { database, table, clock, jobsSettled } = this.#deps;
    const lease: Lease = { leaseId: randomUUID(), modelId: table.modelId };
    const now = clock.now();
    const leaseUntil = new Date(now.getTime() + limits.embeddingLeaseSeconds * 1_000);
    const jobs = await claimJobs(database, lease, { count: limits.embeddingBatchSize, now, leaseUntil });
    if (jobs.length === 0) return 0;
    const embedded: { job: LeasedJob; embedding: Float32Array }[] = [];
    const failed: { job: LeasedJob; error: unknown }[] = [];
    await this.#embed(jobs, embedded, failed);
    if (this.#stopping.signal.aborted) await releaseJobs(database, lease, clock.now());
    else {
      if (embedded.length > 0) await completeJobs(database, lease, table, embedded);
      if (failed.length > 0) await this.#fail(lease, failed);
    }
    jobsSettled.notify();
    this.#indexKeeper.vectorsStored(embedded.map(({ job }) => job.ownerId));
    return jobs.length;
  }

  /** Embeds a batch; where it fails, each text alone, so that one that cannot be embedded does not take the others with it. */
  async #embed(
    jobs: readonly LeasedJob[],
    embedded: { job: LeasedJob; embedding: Float32Array }[],
    failed: { job: LeasedJob; error: unknown }[],
  ): Promise<void> {
    const { signal } = this.#stopping;
    try {
      // Compatibility forms of characters are folded for the model alone; the stored text stays as it came.
      const texts = jobs.map((job) => job.content.normalize("NFKC"));
      const embeddings = await this.#deps.provider.embed(texts, "document", signal);
      jobs.forEach((job, index) => {
        const embedding = embeddings[index];
        if (embedding) embedded.push({ job, embedding });
      });
    } catch (error) {
      if (signal.aborted) return;
      const isAboutText = !(error instanceof DependencyUnavailableError || error instanceof LimitExceededError);
      if (jobs.length > 1 && isAboutText) for (const job of jobs) await this.#embed([job], embedded, failed);
      else failed.push(...jobs.map((job) => ({ job, error })));
    }
  }

  async #fail(lease: Lease, failed: readonly { job: LeasedJob; error: unknown }[]): Promise<void> {
    const { database, clock, logger } = this.#deps;
    const now = clock.now();
    logger.warn({ err: failed[0]?.error, jobs: failed.length }, "chunks could not be embedded");
    const failures = failed.map(({ job, error }) => ({
      job,
      error: error instanceof DomainError ? error.reason : "INTERNAL",
      retryAt: retryTime(job.attempts, now),
    }));
    await failJobs(database, lease, failures, now);
  }
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
