import type { SettingDefinitions } from "./setting-definition.ts";
import { wholeNumber } from "./setting-parsers.ts";

/** What searches remember of one another in memory. */
export interface CacheSettings {
  /** Bytes ÷ 1,048,576 of embedded queries to keep; 0: none. */
  readonly queryCacheMb: number;
  /** The same of whole answers. */
  readonly resultCacheMb: number;
  /** Age in seconds at which an answer is not given again; 0: none is kept; undefined: any age, as long as it is true. */
  readonly searchCacheTtl: number | undefined;
}

/** The part of the catalogue of settings that is of caches. */
export const cacheSettingDefinitions: SettingDefinitions<CacheSettings> = {
  queryCacheMb: {
    variables: ["LLMEMORY_QUERY_CACHE_MB"],
    fallback: "16",
    description: "memory for the vectors of queries that were asked before; 0 switches the cache off",
    parse: wholeNumber(0, 65_536),
  },
  resultCacheMb: {
    variables: ["LLMEMORY_RESULT_CACHE_MB"],
    fallback: "32",
    description: "memory for answers to searches that were asked before; 0 switches the cache off",
    parse: wholeNumber(0, 65_536),
  },
  searchCacheTtl: {
    variables: ["LLMEMORY_SEARCH_CACHE_TTL"],
    fallback: undefined,
    description:
      "seconds for which such an answer is kept, 0: none is; not set: until the owner's data changes, which ends it in any case",
    parse: wholeNumber(0, 31_536_000),
  },
};
