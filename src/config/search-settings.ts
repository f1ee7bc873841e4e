import { limits } from "../domain/limits.ts";
import { type QueryExpansion, queryExpansions, type Rerank, rerankers } from "../domain/search-options.ts";
import type { SettingDefinitions } from "./setting-definition.ts";
import { oneOf, wholeNumber } from "./setting-parsers.ts";

/** What holds for searches that do not say. */
export interface SearchSettings {
  /** Results at most. */
  readonly searchLimit: number;
  readonly queryExpansion: QueryExpansion;
  /** Wordings that are searched for, the query itself included. */
  readonly maxQueryVariants: number;
  readonly rerank: Rerank;
  /** Candidates that are reranked. */
  readonly rerankTopK: number;
}

/** The part of the catalogue of settings that is of searches. */
export const searchSettingDefinitions: SettingDefinitions<SearchSettings> = {
  searchLimit: {
    variables: ["LLMEMORY_SEARCH_LIMIT"],
    fallback: String(limits.searchLimitDefault),
    description: "results of a search that does not say how many",
    parse: wholeNumber(1, limits.searchLimitMax),
  },
  queryExpansion: {
    variables: ["LLMEMORY_QUERY_EXPANSION"],
    fallback: "none",
    description: "other wordings of the query, for searches that do not say: none, heuristic, or model (the chat model)",
    parse: oneOf(queryExpansions),
  },
  maxQueryVariants: {
    variables: ["LLMEMORY_MAX_QUERY_VARIANTS"],
    fallback: String(limits.queryVariantsDefault),
    description: "wordings that are searched for, the query itself included, for searches that do not say",
    parse: wholeNumber(1, limits.queryVariantsMax),
  },
  rerank: {
    variables: ["LLMEMORY_RERANK"],
    fallback: "none",
    description: "who reranks, for searches that do not say: none, lexical, model (the chat model), or cross_encoder",
    parse: oneOf(rerankers),
  },
  rerankTopK: {
    variables: ["LLMEMORY_RERANK_TOP_K"],
    fallback: String(limits.rerankTopKDefault),
    description: "candidates that are reranked, for searches that do not say",
    parse: wholeNumber(1, limits.rerankTopKMax),
  },
};
