import type { Clock } from "../domain/clock.ts";
import { limits } from "../domain/limits.ts";
import type { OwnerNotices } from "../domain/owner-notices.ts";
import type { Wakeup } from "../domain/wakeup.ts";
import { EmbeddingWorker } from "../embedding/embedding-worker.ts";
import type { ModelGenerations } from "../embedding/model-generations.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import type { RegisteredModel } from "../storage/model-registry.ts";
import { queueStoredChunks } from "../storage/queue-stored-chunks.ts";

export interface GenerationKeeperDeps {
  readonly database: Database;
  readonly models: ModelGenerations;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly jobsEnqueued: Wakeup;
  readonly jobsSettled: Wakeup;
  readonly vectorsGiven: OwnerNotices;
}

/**
 * Follows the registry of models in this process until it is stopped: notices when another process has switched, and, where the process
 * embeds, has a worker for each model whose vectors are kept up to date and queues the chunks that were there before a new model. Any
 * number of processes may do so.
 */
export class GenerationKeeper {
  readonly #deps: GenerationKeeperDeps;
  readonly #embeds: boolean;
  readonly #stopping = new AbortController();
  readonly #workers = new Map<string, EmbeddingWorker>();
  /** Models that could not be opened here, so that each is told of once. */
  readonly #unopened = new Set<string>();
  #queueing: { readonly modelId: string; readonly ended: Promise<void> } | undefined;
  readonly #running: Promise<void>;

  /** @param options.embeds whether this process works off embedding jobs. */
  constructor(deps: GenerationKeeperDeps, options: { readonly embeds: boolean }) {
    this.#deps = deps;
    this.#embeds = options.embeds;
    this.#running = this.#run();
  }

  /** Ends as soon as it can; jobs that are not embedded yet are given back at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#queueing?.ended;
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
  }

  async #run(): Promise<void> {
    const { models, logger } = this.#deps;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Before it looks: what changes meanwhile is not missed.
      const changed = models.changed.wait(limits.modelPollMs, signal);
      try {
        await models.refresh(signal);
        await this.#follow();
      } catch (error) {
        if (!signal.aborted)
          logger.warn({ err: error }, "the registry of embedding models could not be followed; it is tried again");
      }
      await changed;
    }
  }

  async #follow(): Promise<void> {
    const { models } = this.#deps;
    const kept = models.models.filter(({ state }) => state !== "dropping");
    await this.#stopWorkers(new Set(kept.map(({ table }) => table.modelId)));
    if (this.#embeds) for (const model of kept) await this.#startWorker(model);
    await models.closeDropped();
    const building = kept.find(({ state, queuedAt }) => state === "building" && !queuedAt);
    if (this.#embeds && building) this.#startQueueing(building.table);
  }

  async #stopWorkers(kept: ReadonlySet<string>): Promise<void> {
    for (const [modelId, worker] of this.#workers) {
      if (kept.has(modelId)) continue;
      this.#workers.delete(modelId);
      await worker.stop();
    }
  }

  /** A model that cannot be opened here is left to other processes, and tried again. */
  async #startWorker(model: RegisteredModel): Promise<void> {
    const { modelId } = model.table;
    if (this.#workers.has(modelId) || this.#stopping.signal.aborted) return;
    try {
      const { table, provider } = await this.#deps.models.generationOf(model);
      if (!this.#stopping.signal.aborted) this.#workers.set(modelId, new EmbeddingWorker({ ...this.#deps, table, provider }));
      this.#unopened.delete(modelId);
    } catch (error) {
      if (!this.#unopened.has(modelId))
        this.#deps.logger.error({ err: error, model: modelId }, "this process cannot embed with a model of the database");
      this.#unopened.add(modelId);
    }
  }

  #startQueueing(table: EmbeddingTable): void {
    if (this.#queueing?.modelId === table.modelId) return;
    const ended = this.#queue(table).finally(() => {
      this.#queueing = undefined;
    });
    this.#queueing = { modelId: table.modelId, ended };
  }

  /** Queues stored chunks until all are queued or nobody builds the model any more. */
  async #queue(table: EmbeddingTable): Promise<void> {
    const { database, clock, jobsEnqueued, jobsSettled, logger, models } = this.#deps;
    const { signal } = this.#stopping;
    const bounds = { count: limits.modelQueueBatchSize, jobsMax: limits.modelQueueJobsMax };
    while (!signal.aborted) {
      try {
        const step = await queueStoredChunks(database, table, { ...bounds, now: clock.now() }, signal);
        if (step === "queued") jobsEnqueued.notify();
        if (step === "waiting") await jobsSettled.wait(limits.modelQueueWaitMs, signal);
        if (step !== "finished") continue;
        await models.refresh(signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error, model: table.modelId }, "stored chunks could not be queued for a new model; it is tried again");
        await jobsSettled.wait(limits.modelQueueWaitMs, signal);
      }
    }
  }
}
