import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import { FilterSchema } from "#gen/llmemory/v1/document_pb.js";
import {
  Fusion,
  QueryExpansion,
  Rerank,
  type SearchRequest,
  SearchRequestSchema,
  SearchType,
} from "#gen/llmemory/v1/search_service_pb.js";
import { limits } from "../../domain/limits.ts";
import { addFilterOptions, type FilterOptions, filterFrom } from "./filter-options.ts";
import { parseDays, parseFraction, parseNumber, wholeNumber } from "./option-parsers.ts";

/** The options that say how to search. */
export interface SearchOptions extends FilterOptions {
  readonly limit?: number;
  readonly type?: keyof typeof searchTypes;
  readonly alpha?: number;
  readonly fusion?: keyof typeof fusions;
  readonly language?: string;
  readonly minScore?: number;
  readonly context?: number;
  readonly parents?: boolean;
  readonly expand?: keyof typeof expansions;
  readonly rerank?: keyof typeof reranks;
  readonly mmr?: number;
  /** Milliseconds. */
  readonly recencyDays?: number;
  readonly routing?: boolean;
}

const searchTypes = { hybrid: SearchType.HYBRID, vector: SearchType.VECTOR, text: SearchType.TEXT } as const;
const fusions = { "relative-score": Fusion.RELATIVE_SCORE, rrf: Fusion.RRF } as const;
const expansions = { none: QueryExpansion.NONE, heuristic: QueryExpansion.HEURISTIC, model: QueryExpansion.MODEL } as const;
const reranks = {
  none: Rerank.NONE,
  lexical: Rerank.LEXICAL,
  model: Rerank.MODEL,
  "cross-encoder": Rerank.CROSS_ENCODER,
} as const;

/** Adds all of them, those of the filter included. */
export function addSearchOptions(command: Command): Command {
  const choice = (flags: string, description: string, choices: object) =>
    command.createOption(flags, description).choices(Object.keys(choices));
  command
    .option("-n, --limit <count>", "hits at most (default: 10)", wholeNumber({ min: 1, max: limits.searchLimitMax }))
    .addOption(choice("-t, --type <type>", "what is compared (default: hybrid)", searchTypes))
    .option("--alpha <weight>", "hybrid: weight of meaning against words, 0 to 1 (default: 0.7; rrf: 0.5)", parseFraction)
    .addOption(choice("--fusion <fusion>", "hybrid: how both sides become one order", fusions))
    .option("--language <tag>", "language of the query, such as en or pt-BR (default: every language of the documents)")
    .addOption(choice("--expand <how>", "search for other wordings of the query, too (default: none)", expansions))
    .addOption(choice("--rerank <how>", "order the best candidates anew (default: none)", reranks))
    .option("--mmr <lambda>", "avoid hits that say the same: 1 relevance alone … 0 variety alone", parseFraction)
    .option("--recency-days <days>", "prefer recent documents; the preference halves after so many days", parseDays)
    .option("--min-score <score>", "leave out hits below this score", parseNumber)
    .option(
      "-C, --context <count>",
      "neighbours on each side that are shown with a hit (default: 0)",
      wholeNumber({ min: 0, max: limits.contextWindowMax }),
    )
    .option("--parents", "show the section that encloses a hit")
    .option("--routing", "say where the query is best answered from: memory, the web, the user or nowhere");
  return addFilterOptions(command);
}

/** The request that the options ask for; what they leave out is left to the service. */
export function searchRequestFrom(options: SearchOptions, query: { ownerId: string; queryText: string }): SearchRequest {
  return create(SearchRequestSchema, {
    ...query,
    searchType: options.type ? searchTypes[options.type] : SearchType.UNSPECIFIED,
    fusion: options.fusion ? fusions[options.fusion] : Fusion.UNSPECIFIED,
    queryExpansion: options.expand ? expansions[options.expand] : QueryExpansion.UNSPECIFIED,
    rerank: options.rerank ? reranks[options.rerank] : Rerank.UNSPECIFIED,
    filter: create(FilterSchema, filterFrom(options)),
    language: options.language ?? "",
    includeParentContext: options.parents === true,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.alpha === undefined ? {} : { alpha: options.alpha }),
    ...(options.minScore === undefined ? {} : { minScore: options.minScore }),
    ...(options.context === undefined ? {} : { contextWindow: options.context }),
    ...(options.mmr === undefined ? {} : { mmrLambda: options.mmr }),
    ...(options.recencyDays === undefined ? {} : { recency: { halfLife: durationFromMs(options.recencyDays) } }),
    ...(options.routing ? { routing: {} } : {}),
  });
}
