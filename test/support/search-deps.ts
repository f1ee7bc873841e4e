import { systemClock } from "../../src/domain/clock.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import type { ActiveGeneration } from "../../src/embedding/model-generations.ts";
import { QueryEmbeddingCache } from "../../src/search/query-embedding-cache.ts";
import { ResultCache } from "../../src/search/result-cache.ts";
import type { GenerationDeps, SearchDeps } from "../../src/search/search.ts";
import { SearchHistory } from "../../src/search/search-history.ts";
import type { EmbeddingTable } from "../../src/storage/embedding-models.ts";
import { dimension, silentLogger, type TestStorage } from "./test-storage.ts";

type Storage = Pick<TestStorage, "database" | "table" | "metrics">;

/** One generation, which nobody changes. */
export function fixedGeneration(table: EmbeddingTable, provider: EmbeddingProvider): ActiveGeneration {
  const active = { table, provider, bareProvider: provider };
  return { active, refresh: async () => active };
}

/** All that searching needs: real caches and models of no kind. Answers are not kept, nor is a history, unless a test brings them. */
export function newSearchDeps(
  { database, table, metrics }: Storage,
  {
    provider = createHashingEmbedder({ dimension }),
    ...given
  }: Partial<SearchDeps> & { readonly provider?: EmbeddingProvider } = {},
): GenerationDeps {
  const clock = systemClock;
  return {
    database,
    models: fixedGeneration(table, provider),
    table,
    provider,
    metrics,
    clock,
    logger: silentLogger,
    queryCache: new QueryEmbeddingCache(1_000_000, metrics),
    resultCache: undefined,
    history: new SearchHistory({ database, clock, logger: silentLogger, metrics }, { days: 0 }),
    searchModels: {},
    ...given,
  };
}

/** An empty cache of answers with room for those of a test. */
export function newResultCache({ metrics }: Pick<Storage, "metrics">): ResultCache {
  return new ResultCache({ bytesMax: 10_000_000, metrics });
}
