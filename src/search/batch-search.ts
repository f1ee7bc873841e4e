import { limits } from "../domain/limits.ts";
import { type SearchDeps, search, type TimeLeft } from "./search.ts";
import type { SearchAnswer, SearchQuery } from "./search-query.ts";

/** Answers several searches, a few at a time so that one batch does not take every connection; one that fails fails alone. */
export async function batchSearch(
  deps: SearchDeps,
  queries: readonly SearchQuery[],
  signal: AbortSignal,
  timeLeftMs?: TimeLeft,
): Promise<PromiseSettledResult<SearchAnswer>[]> {
  const results: PromiseSettledResult<SearchAnswer>[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < queries.length; index = next++) {
      const query = queries[index];
      if (!query) continue;
      try {
        results[index] = { status: "fulfilled", value: await search(deps, query, signal, timeLeftMs) };
      } catch (reason) {
        results[index] = { status: "rejected", reason };
      }
    }
  };
  await Promise.all(Array.from({ length: limits.batchSearchesAtOnce }, work));
  return results;
}
