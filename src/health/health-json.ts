import type { HealthReport } from "./probes.ts";

/**
 * The report in the form of llmemory's monitoring guide: `status`, `timestamp` and `checks`, and beside them the short form's
 * `database` and `embeddings`. Anything unhealthy makes the whole unhealthy. A busy embedded database, whose pool is one
 * connection, is not degraded.
 */
export function healthJson(report: HealthReport) {
  const { database, embeddings, pool } = report;
  const isHealthy = database.status === "healthy" && embeddings.status === "healthy";
  return {
    status: isHealthy ? "healthy" : "unhealthy",
    timestamp: report.timestamp.toISOString(),
    database: database.status === "healthy" ? "connected" : "disconnected",
    embeddings: embeddings.status,
    checks: {
      database: checkJson(database),
      embeddings: checkJson(embeddings),
      connection_pool: {
        status: pool.idle > 0 || pool.total === 1 ? "healthy" : "degraded",
        active: pool.active,
        idle: pool.idle,
        total: pool.total,
        waiting: pool.waiting,
      },
    },
  };
}

function checkJson(check: HealthReport["database"]) {
  return {
    status: check.status,
    response_time_ms: check.responseTimeMs,
    ...(check.error !== undefined && { error: check.error }),
  };
}
