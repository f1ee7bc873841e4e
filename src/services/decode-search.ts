import {
  Fusion as ProtoFusion,
  QueryExpansion as ProtoQueryExpansion,
  type Recency as ProtoRecency,
  Rerank as ProtoRerank,
  SearchType as ProtoSearchType,
  type SearchRequest,
} from "#gen/llmemory/v1/search_service_pb.js";
import type { SearchSettings } from "../config/search-settings.ts";
import { limits } from "../domain/limits.ts";
import type { QueryExpansion, Rerank } from "../domain/search-options.ts";
import { alphaDefaults } from "../search/fuse.ts";
import type { Fusion, Recency, SearchQuery, SearchType } from "../search/search-query.ts";
import { decodeFilter } from "./decode-filter.ts";

const searchTypes: Readonly<Record<ProtoSearchType, SearchType>> = {
  [ProtoSearchType.UNSPECIFIED]: "hybrid",
  [ProtoSearchType.HYBRID]: "hybrid",
  [ProtoSearchType.VECTOR]: "vector",
  [ProtoSearchType.TEXT]: "text",
};

const fusions: Readonly<Record<ProtoFusion, Fusion>> = {
  [ProtoFusion.UNSPECIFIED]: "relative_score",
  [ProtoFusion.RELATIVE_SCORE]: "relative_score",
  [ProtoFusion.RRF]: "rrf",
};

const expansions: Readonly<Record<ProtoQueryExpansion, QueryExpansion | undefined>> = {
  [ProtoQueryExpansion.UNSPECIFIED]: undefined,
  [ProtoQueryExpansion.NONE]: "none",
  [ProtoQueryExpansion.HEURISTIC]: "heuristic",
  [ProtoQueryExpansion.MODEL]: "model",
};

const reranks: Readonly<Record<ProtoRerank, Rerank | undefined>> = {
  [ProtoRerank.UNSPECIFIED]: undefined,
  [ProtoRerank.NONE]: "none",
  [ProtoRerank.LEXICAL]: "lexical",
  [ProtoRerank.MODEL]: "model",
  [ProtoRerank.CROSS_ENCODER]: "cross_encoder",
};

/** The domain's query of a request that has passed `findViolations`, with the defaults for what it leaves out. */
export function decodeSearch(request: SearchRequest, settings: SearchSettings): SearchQuery {
  const fusion = fusions[request.fusion];
  return {
    ownerId: request.ownerId,
    queryText: request.queryText,
    searchType: searchTypes[request.searchType],
    limit: request.limit ?? settings.searchLimit,
    alpha: request.alpha ?? alphaDefaults[fusion],
    fusion,
    filter: decodeFilter(request.filter),
    language: request.language === "" ? undefined : request.language,
    textWindow: request.textWindow ?? limits.textWindowDefault,
    speakerBoost: request.speakerBoost ?? limits.speakerBoostDefault,
    relevanceFeedback: request.relevanceFeedback ?? limits.relevanceFeedbackDefault,
    minScore: request.minScore,
    includeParentContext: request.includeParentContext,
    contextWindow: request.contextWindow ?? 0,
    mmrLambda: request.mmrLambda,
    recency: request.recency && decodeRecency(request.recency),
    queryExpansion: expansions[request.queryExpansion] ?? settings.queryExpansion,
    maxQueryVariants: request.maxQueryVariants ?? settings.maxQueryVariants,
    rerank: reranks[request.rerank] ?? settings.rerank,
    rerankTopK: request.rerankTopK ?? settings.rerankTopK,
    routing: request.routing && { threshold: request.routing.threshold ?? limits.routingThresholdDefault },
  };
}

function decodeRecency({ halfLife, weight }: ProtoRecency): Recency {
  return {
    // Not `durationMs`, which rounds: a half-life below half a millisecond would become 0.
    halfLifeMs: halfLife ? Number(halfLife.seconds) * 1_000 + halfLife.nanos / 1e6 : 0,
    weight: weight ?? limits.recencyWeightDefault,
  };
}
