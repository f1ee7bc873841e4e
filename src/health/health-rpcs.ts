import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { limits } from "../domain/limits.ts";
import type { ActiveGeneration } from "../embedding/model-generations.ts";
import type { HealthRpcs } from "../services/admin-service.ts";
import { encodeDuration } from "../services/encode-duration.ts";
import { encodePool } from "../services/encode-pool.ts";
import type { CheckResult } from "./check.ts";
import type { HealthMonitor } from "./health-monitor.ts";

/** The part of AdminService that tells what `/health` does, in types. */
export function createHealthRpcs({ monitor, models }: { monitor: HealthMonitor; models: ActiveGeneration }): HealthRpcs {
  const reportOf = ({ force }: { readonly force: boolean }) => monitor.report(force ? 0 : limits.healthCacheMs);
  return {
    async getHealthReport(request) {
      const { timestamp, database, embeddings, pool } = await reportOf(request);
      return {
        healthy: database.status === "healthy" && embeddings.status === "healthy",
        probedAt: timestampFromDate(timestamp),
        database: encodeCheck(database),
        embeddings: encodeCheck(embeddings),
        connectionPool: encodePool(pool),
      };
    },

    async getEmbeddingHealth(request) {
      const { timestamp, embeddings } = await reportOf(request);
      const { modelId, dimension } = models.active.provider.model;
      return { probe: encodeCheck(embeddings), probedAt: timestampFromDate(timestamp), modelId, dimension };
    },
  };
}

function encodeCheck({ status, responseTimeMs, error = "" }: CheckResult) {
  return { healthy: status === "healthy", responseTime: encodeDuration(responseTimeMs), error };
}
