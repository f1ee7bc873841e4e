import { limits } from "../domain/limits.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import { readEmbeddingQueue } from "../storage/embedding-queue.ts";

export interface GaugeSources {
  readonly metrics: Metrics;
  readonly database: Database;
  /** By name; a worker has none. */
  readonly caches?: Readonly<Record<string, { readonly size: { readonly bytes: number; readonly entries: number } }>>;
}

/**
 * Sets the gauges that are asked for rather than counted. If the database does not answer, the queue's gauges keep their last
 * values and the scrape goes on: it is then that its other metrics matter most.
 */
export async function sampleGauges({ metrics, database, caches = {} }: GaugeSources): Promise<void> {
  const pool = database.poolStatistics();
  metrics.dbPoolSize.set({ status: "active" }, pool.active);
  metrics.dbPoolSize.set({ status: "idle" }, pool.idle);
  metrics.dbPoolSize.set({ status: "total" }, pool.total);
  metrics.dbPoolWaiting.set(pool.waiting);
  for (const [cache, { size }] of Object.entries(caches)) {
    metrics.cacheBytes.set({ cache }, size.bytes);
    metrics.cacheEntries.set({ cache }, size.entries);
  }
  try {
    const queue = await readEmbeddingQueue(database, undefined, AbortSignal.timeout(limits.probeTimeoutMs));
    metrics.embeddingQueueSize.reset();
    for (const owner of queue.owners)
      metrics.embeddingQueueSize.inc({ owner_id: metrics.owners.label(owner.ownerId) }, owner.size);
    metrics.embeddingJobs.set({ state: "pending" }, queue.size - queue.leased);
    metrics.embeddingJobs.set({ state: "leased" }, queue.leased);
    metrics.embeddingJobs.set({ state: "dead" }, queue.dead);
    metrics.embeddingJobsDead.set(queue.dead);
    metrics.embeddingQueueOldestSeconds.set(queue.oldestCreatedAt ? (Date.now() - queue.oldestCreatedAt.getTime()) / 1_000 : 0);
  } catch {
    // The failure itself is counted in memory_db_errors_total.
  }
}
