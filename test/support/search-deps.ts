import { systemClock } from "../../src/domain/clock.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { QueryEmbeddingCache } from "../../src/search/query-embedding-cache.ts";
import { ResultCache } from "../../src/search/result-cache.ts";
import type { SearchDeps } from "../../src/search/search.ts";
import { SearchHistory } from "../../src/search/search-history.ts";
import { dimension, silentLogger, type TestStorage } from "./test-storage.ts";

type Storage = Pick<TestStorage, "database" | "table" | "metrics">;

/** All that searching needs: real caches and models of no kind. Answers are not kept, nor is a history, unless a test brings them. */
export function newSearchDeps({ database, table, metrics }: Storage, given: Partial<SearchDeps> = {}): SearchDeps {
  const clock = systemClock;
  return {
    database,
    table,
    metrics,
    clock,
    logger: silentLogger,
    provider: createHashingEmbedder({ dimension }),
    queryCache: new QueryEmbeddingCache(1_000_000, metrics),
    resultCache: undefined,
    history: new SearchHistory({ database, clock, logger: silentLogger, metrics }, { days: 0 }),
    searchModels: {},
    ...given,
  };
}

/** An empty cache of answers with room for those of a test. */
export function newResultCache({ table, metrics }: Pick<Storage, "table" | "metrics">): ResultCache {
  return new ResultCache({ bytesMax: 10_000_000, modelId: table.modelId, metrics });
}
