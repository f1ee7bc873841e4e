import { QueryEmbeddingCache } from "../search/query-embedding-cache.ts";
import { RecallAudit } from "../search/recall-audit.ts";
import { ResultCache } from "../search/result-cache.ts";
import { SearchHistory } from "../search/search-history.ts";
import type { Resources } from "./open-resources.ts";

const MiB = 1_024 * 1_024;

/**
 * What searches remember of one another: vectors of queries, whole answers, and the history, and what audits them. Stop history and audit
 * before the database.
 */
export function openSearchMemory(resources: Pick<Resources, "settings" | "database" | "clock" | "logger" | "metrics">): {
  /** Undefined: nothing is audited. The embedded database could not do anything else meanwhile. */
  readonly recallAudit: RecallAudit | undefined;
  readonly queryCache: QueryEmbeddingCache;
  readonly resultCache: ResultCache;
  readonly history: SearchHistory;
} {
  const { settings, metrics, database } = resources;
  const isAudited = database.kind === "postgres" && settings.recallAuditSeconds > 0 && metrics.isOn;
  return {
    recallAudit: isAudited ? new RecallAudit(resources, { intervalMs: settings.recallAuditSeconds * 1_000 }) : undefined,
    queryCache: new QueryEmbeddingCache(settings.queryCacheMb * MiB, metrics),
    resultCache: new ResultCache({
      bytesMax: settings.searchCacheTtl === 0 ? 0 : settings.resultCacheMb * MiB,
      ageMsMax: settings.searchCacheTtl === undefined ? undefined : settings.searchCacheTtl * 1_000,
      metrics,
    }),
    history: new SearchHistory(resources, { days: settings.searchHistoryDays }),
  };
}
