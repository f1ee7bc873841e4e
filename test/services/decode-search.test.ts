import { create, type DescEnum } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  FusionSchema,
  QueryExpansionSchema,
  RerankSchema,
  SearchRequestSchema,
  SearchTypeSchema,
} from "#gen/llmemory/v1/search_service_pb.js";
import { loadSettings } from "../../src/config/load-settings.ts";
import { decodeSearch } from "../../src/services/decode-search.ts";

const unset = loadSettings({});

describe("a request becomes the domain's query", () => {
  test("with the defaults for what it leaves out", () => {
    expect(decodeSearch(create(SearchRequestSchema, { ownerId: "ada", queryText: " Tea? " }), unset)).toEqual({
      ownerId: "ada",
      queryText: " Tea? ",
      searchType: "hybrid",
      limit: 10,
      alpha: 0.55,
      fusion: "relative_score",
      filter: {},
      language: undefined,
      textWindow: 2,
      speakerBoost: 0.25,
      relevanceFeedback: 0.5,
      minScore: undefined,
      includeParentContext: false,
      contextWindow: 0,
      mmrLambda: undefined,
      recency: undefined,
      queryExpansion: "none",
      maxQueryVariants: 3,
      rerank: "none",
      rerankTopK: 50,
      routing: undefined,
    });
  });

  test("with everything that it says, zeros included", () => {
    const request = create(SearchRequestSchema, {
      ownerId: "ada",
      queryText: "tea",
      searchType: 2,
      limit: 1,
      alpha: 0,
      fusion: 2,
      filter: { idsAtOrigin: ["a"] },
      language: "pt-BR",
      textWindow: 0,
      speakerBoost: 0,
      relevanceFeedback: 0,
      minScore: 0,
      includeParentContext: true,
      contextWindow: 10,
      mmrLambda: 0,
      recency: { halfLife: { seconds: 86_400n, nanos: 500_000_000 }, weight: 0 },
      queryExpansion: 3,
      maxQueryVariants: 1,
      rerank: 4,
      rerankTopK: 1,
      routing: { threshold: 0 },
    });
    expect(decodeSearch(request, unset)).toMatchObject({
      searchType: "vector",
      limit: 1,
      alpha: 0,
      fusion: "rrf",
      filter: { idsAtOrigin: ["a"] },
      language: "pt-BR",
      textWindow: 0,
      speakerBoost: 0,
      relevanceFeedback: 0,
      minScore: 0,
      includeParentContext: true,
      contextWindow: 10,
      mmrLambda: 0,
      recency: { halfLifeMs: 86_400_500, weight: 0 },
      queryExpansion: "model",
      maxQueryVariants: 1,
      rerank: "cross_encoder",
      rerankTopK: 1,
      routing: { threshold: 0 },
    });
  });

  test("with a weight that depends on the fusion", () => {
    expect(decodeSearch(create(SearchRequestSchema, { fusion: 2 }), unset).alpha).toBe(0.5);
  });

  test("with the defaults of recency and routing where these are asked for", () => {
    const request = create(SearchRequestSchema, { recency: { halfLife: { nanos: 1 } }, routing: {} });
    expect(decodeSearch(request, unset)).toMatchObject({
      recency: { halfLifeMs: 1e-6, weight: 0.3 },
      routing: { threshold: 0.7 },
    });
  });
});

describe("what the service is set to", () => {
  const settings = loadSettings({
    LLMEMORY_SEARCH_LIMIT: "15",
    LLMEMORY_QUERY_EXPANSION: "heuristic",
    LLMEMORY_MAX_QUERY_VARIANTS: "2",
    LLMEMORY_RERANK: "lexical",
    LLMEMORY_RERANK_TOP_K: "30",
  });

  test("holds for a search that does not say", () => {
    expect(decodeSearch(create(SearchRequestSchema, {}), settings)).toMatchObject({
      limit: 15,
      queryExpansion: "heuristic",
      maxQueryVariants: 2,
      rerank: "lexical",
      rerankTopK: 30,
    });
  });

  test("gives way to what a search says, none included", () => {
    const said = { limit: 3, queryExpansion: 1, maxQueryVariants: 4, rerank: 1, rerankTopK: 50 };
    expect(decodeSearch(create(SearchRequestSchema, said), settings)).toMatchObject({
      limit: 3,
      queryExpansion: "none",
      maxQueryVariants: 4,
      rerank: "none",
      rerankTopK: 50,
    });
  });
});

describe("enums have the same names here and in the contract", () => {
  test.each<
    [schema: DescEnum, field: "searchType" | "fusion" | "queryExpansion" | "rerank", prefix: string, unspecified: string]
  >([
    [SearchTypeSchema, "searchType", "SEARCH_TYPE_", "hybrid"],
    [FusionSchema, "fusion", "FUSION_", "relative_score"],
    [QueryExpansionSchema, "queryExpansion", "QUERY_EXPANSION_", "none"],
    [RerankSchema, "rerank", "RERANK_", "none"],
  ])("%s", (schema, field, prefix, unspecified) => {
    for (const { number, name } of schema.values) {
      const expected = number === 0 ? unspecified : name.replace(prefix, "").toLowerCase();
      expect(decodeSearch(create(SearchRequestSchema, { [field]: number }), unset)[field]).toBe(expected);
    }
  });
});
