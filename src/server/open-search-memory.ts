import { QueryEmbeddingCache } from "../search/query-embedding-cache.ts";
import { ResultCache } from "../search/result-cache.ts";
import { SearchHistory } from "../search/search-history.ts";
import type { Resources } from "./open-resources.ts";

const MiB = 1_024 * 1_024;

/** What searches remember of one another: vectors of queries, whole answers, and the history. Stop the history before the database. */
export function openSearchMemory(resources: Pick<Resources, "settings" | "database" | "clock" | "logger" | "metrics">): {
  readonly queryCache: QueryEmbeddingCache;
  readonly resultCache: ResultCache;
  readonly history: SearchHistory;
} {
  const { settings, metrics } = resources;
  return {
    queryCache: new QueryEmbeddingCache(settings.queryCacheMb * MiB, metrics),
    resultCache: new ResultCache({ bytesMax: settings.resultCacheMb * MiB, metrics }),
    history: new SearchHistory(resources, { days: settings.searchHistoryDays }),
  };
}
