import type { DocumentFilter } from "../domain/filter.ts";
import type { QueryExpansion, Rerank } from "../domain/search-options.ts";
import type { ContextChunk, Hit } from "../storage/load-hits.ts";

export type SearchType = "hybrid" | "vector" | "text";
export type Fusion = "relative_score" | "rrf";

/** A checked search request with its defaults filled in. */
export interface SearchQuery {
  readonly ownerId: string;
  readonly queryText: string;
  readonly searchType: SearchType;
  readonly limit: number;
  /** Weight of the vector side, 0…1. */
  readonly alpha: number;
  readonly fusion: Fusion;
  readonly filter: DocumentFilter;
  /** BCP 47; undefined: words are compared in every language that the owner's chunks hold. */
  readonly language: string | undefined;
  /** Neighbours on each side whose words count for a chunk, 0…5. */
  readonly textWindow: number;
  /** Added to the fused score of chunks whose speaker the query names, 0…1. */
  readonly speakerBoost: number;
  /** What the best candidates count beside the query when the others are compared with both, 0…1; 0: they do not. */
  readonly relevanceFeedback: number;
  /** Hits below it are left out; undefined: none are. */
  readonly minScore: number | undefined;
  /** Whether hits come with their parents. */
  readonly includeParentContext: boolean;
  /** Neighbours on each side that come with a hit, 0…10. */
  readonly contextWindow: number;
  /** 0…1: relevance against variety; undefined: no diversification. */
  readonly mmrLambda: number | undefined;
  readonly recency: Recency | undefined;
  readonly queryExpansion: QueryExpansion;
  /** Variants in all, the query itself included, 1…10. */
  readonly maxQueryVariants: number;
  readonly rerank: Rerank;
  /** Candidates that the reranker sees, 1…200. */
  readonly rerankTopK: number;
  readonly routing: RoutingOptions | undefined;
}

/** score := (1 − weight) × score + weight × 2^(−age ÷ half-life); the age is that of the document's date, or else of its creation. */
export interface Recency {
  readonly halfLifeMs: number;
  /** 0…1. */
  readonly weight: number;
}

export interface RoutingOptions {
  /** A decision below this confidence becomes `retrieval`, 0…1. */
  readonly threshold: number;
}

export type Route = "retrieval" | "web_search" | "clarification" | "unanswerable";

export interface RoutingDecision {
  readonly route: Route;
  /** 0…1. */
  readonly confidence: number;
  readonly reason: string;
}

export type SearchHit = Hit & {
  /** What the order follows; higher is better. */
  readonly score: number;
  /** 1 − cosine distance; undefined if vectors were not compared or the chunk has none yet. */
  readonly similarity: number | undefined;
  /** BM25; undefined if words were not looked at. */
  readonly textRank: number | undefined;
  /** Rank among the vector candidates, from 1; undefined beyond them. */
  readonly vectorPosition: number | undefined;
  readonly textPosition: number | undefined;
  /** Reciprocal rank fusion; undefined unless both sides were asked. */
  readonly rrfScore: number | undefined;
  /** What the reranker gave, 0…1; undefined if none ran or it did not see the hit. */
  readonly rerankScore: number | undefined;
  readonly context: readonly ContextChunk[];
};

export type Degradation =
  | "embedder_unavailable"
  | "embeddings_pending"
  | "expansion_unavailable"
  | "reranker_unavailable"
  | "routing_unavailable";

export type ShortfallReason = "fewer_match" | "min_score" | "deadline";

/** How an answer came about and how complete it is. */
export interface Receipt {
  readonly plan: "exact" | "approximate" | "text_only";
  readonly modelId: string | undefined;
  readonly candidatesVector: number;
  readonly candidatesText: number;
  readonly ownerChunks: number;
  readonly truncated: boolean;
  readonly shortfallReason: ShortfallReason | undefined;
  readonly degraded: readonly Degradation[];
  readonly cacheHit: boolean;
  /** What was searched for, the query first. */
  readonly queryVariants: readonly string[];
  readonly stageTimes: readonly { readonly stage: string; readonly durationMs: number }[];
}

export interface SearchAnswer {
  readonly searchId: string;
  readonly hits: readonly SearchHit[];
  readonly receipt: Receipt;
  readonly routing: RoutingDecision | undefined;
}
