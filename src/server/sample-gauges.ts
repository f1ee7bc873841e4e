import { limits } from "../domain/limits.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import { readEmbeddingQueue } from "../storage/embedding-queue.ts";

/**
 * Sets the gauges that are asked for rather than counted. If the database does not answer, the queue's gauges keep their last
 * values and the scrape goes on: it is then that its other metrics matter most.
 */
export async function sampleGauges(deps: { metrics: Metrics; database: Database }): Promise<void> {
  const { metrics, database } = deps;
  const pool = database.poolStatistics();
  metrics.dbPoolSize.set({ status: "active" }, pool.active);
  metrics.dbPoolSize.set({ status: "idle" }, pool.idle);
  metrics.dbPoolSize.set({ status: "total" }, pool.total);
  metrics.dbPoolWaiting.set(pool.waiting);
  try {
    const queue = await readEmbeddingQueue(database, undefined, AbortSignal.timeout(limits.probeTimeoutMs));
    metrics.embeddingQueueSize.reset();
    for (const owner of queue.owners)
      metrics.embeddingQueueSize.inc({ owner_id: metrics.owners.label(owner.ownerId) }, owner.size);
    metrics.embeddingJobsDead.set(queue.dead);
    metrics.embeddingQueueOldestSeconds.set(queue.oldestCreatedAt ? (Date.now() - queue.oldestCreatedAt.getTime()) / 1_000 : 0);
  } catch {
    // The failure itself is counted in memory_db_errors_total.
  }
}
