import type { Clock } from "../domain/clock.ts";
import { limits } from "../domain/limits.ts";
import type { EmbeddingProvider } from "../embedding/embedding-provider.ts";
import type { Database, PoolStatistics } from "../storage/database.ts";

/** What one probe found. */
export interface CheckResult {
  readonly status: "healthy" | "unhealthy";
  readonly responseTimeMs: number;
  /** A sentence for operators, without secrets or content; undefined if healthy. */
  readonly error: string | undefined;
}

export interface HealthReport {
  readonly timestamp: Date;
  readonly database: CheckResult;
  readonly embeddings: CheckResult;
  readonly pool: PoolStatistics;
}

/** Asks both dependencies now, each within its timeout, at the same time. */
export async function probe(deps: { database: Database; provider: EmbeddingProvider; clock: Clock }): Promise<HealthReport> {
  const [database, embeddings] = await Promise.all([
    check(async (signal) => {
      await deps.database.query("probe", "select 1", [], signal);
    }),
    check(async (signal) => {
      await deps.provider.embed(["probe"], "query", signal);
    }),
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

async function check(run: (signal: AbortSignal) => Promise<void>): Promise<CheckResult> {
  const started = performance.now();
  const elapsedMs = () => Math.round((performance.now() - started) * 100) / 100;
  const timeout = AbortSignal.timeout(limits.probeTimeoutMs);
  // The race ends the wait even if what runs does not look at the signal.
  const expired = new Promise<never>((_, reject) =>
    timeout.addEventListener("abort", () => reject(timeout.reason), { once: true }),
  );
  try {
    await Promise.race([run(timeout), expired]);
    return { status: "healthy", responseTimeMs: elapsedMs(), error: undefined };
  } catch (error) {
    const message = timeout.aborted
      ? `no answer within ${limits.probeTimeoutMs} ms`
      : error instanceof Error
        ? error.message
        : String(error);
    return { status: "unhealthy", responseTimeMs: elapsedMs(), error: message };
  }
}
