import { limits } from "../domain/limits.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import { readEmbeddingQueue } from "../storage/embedding-queue.ts";
import { readModelProgress } from "../storage/model-progress.ts";
import type { RegisteredModel } from "../storage/model-registry.ts";

export interface GaugeSources {
  readonly metrics: Metrics;
  readonly database: Database;
  /** As the registry had them when this process last looked. */
  readonly models: { readonly models: readonly RegisteredModel[] };
  /** By name; a worker has none. */
  readonly caches?: Readonly<Record<string, { readonly size: { readonly bytes: number; readonly entries: number } }>>;
}

/**
 * Sets the gauges that are asked for rather than counted. If the database does not answer, those of queue and migration keep their last
 * values and the scrape goes on: it is then that its other metrics matter most.
 */
export async function sampleGauges({ metrics, database, models, caches = {} }: GaugeSources): Promise<void> {
  const pool = database.poolStatistics();
  metrics.dbPoolSize.set({ status: "active" }, pool.active);
  metrics.dbPoolSize.set({ status: "idle" }, pool.idle);
  metrics.dbPoolSize.set({ status: "total" }, pool.total);
  metrics.dbPoolWaiting.set(pool.waiting);
  for (const [cache, { size }] of Object.entries(caches)) {
    metrics.cacheBytes.set({ cache }, size.bytes);
    metrics.cacheEntries.set({ cache }, size.entries);
  }
  const signal = AbortSignal.timeout(limits.probeTimeoutMs);
  try {
    const queue = await readEmbeddingQueue(database, undefined, signal);
    metrics.embeddingQueueSize.reset();
    for (const owner of queue.owners)
      metrics.embeddingQueueSize.inc({ owner_id: metrics.owners.label(owner.ownerId) }, owner.size);
    metrics.embeddingJobs.set({ state: "pending" }, queue.size - queue.leased);
    metrics.embeddingJobs.set({ state: "leased" }, queue.leased);
    metrics.embeddingJobs.set({ state: "dead" }, queue.dead);
    metrics.embeddingJobsDead.set(queue.dead);
    metrics.embeddingQueueOldestSeconds.set(queue.oldestCreatedAt ? (Date.now() - queue.oldestCreatedAt.getTime()) / 1_000 : 0);
    const building = models.models.find(({ state }) => state === "building");
    const progress = building && (await readModelProgress(database, building, signal));
    metrics.embeddingMigrationChunks.reset();
    if (!building || !progress) return;
    for (const state of ["total", "done", "dead"] as const)
      metrics.embeddingMigrationChunks.set({ model: building.table.modelId, state }, progress[state]);
  } catch {
    // The failure itself is counted in memory_db_errors_total.
  }
}
