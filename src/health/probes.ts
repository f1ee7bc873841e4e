import type { Clock } from "../domain/clock.ts";
import { limits } from "../domain/limits.ts";
import type { Database, PoolStatistics } from "../storage/database.ts";
import { type CheckResult, check } from "./check.ts";
import type { EmbeddingProbe } from "./embedding-probe.ts";

export interface HealthReport {
  readonly timestamp: Date;
  readonly database: CheckResult;
  readonly embeddings: CheckResult;
  readonly pool: PoolStatistics;
}

/** Asks both dependencies now, each within its timeout, at the same time. */
export async function probe(deps: { database: Database; embeddingProbe: EmbeddingProbe; clock: Clock }): Promise<HealthReport> {
  const [database, embeddings] = await Promise.all([
    check(async (signal) => {
      await deps.database.query("probe", "select 1", [], signal);
    }),
    deps.embeddingProbe.run(),
  ]);
  const pool = deps.database.poolStatistics();
  const isBusy = deps.database.kind === "embedded" && pool.active > 0 && pool.lastAnswerAgeMs < limits.embeddedBusyMs;
  const isHealthy = database.status === "healthy" || isBusy;
  return {
    timestamp: deps.clock.now(),
    database: isHealthy ? { ...database, status: "healthy", error: undefined } : database,
    embeddings,
    pool,
  };
}
