import { create, toBinary } from "@bufbuild/protobuf";
import type { Status } from "#gen/google/rpc/status_pb.js";
import {
  type BatchSearchResponse,
  BatchSearchResponseSchema,
  type BatchSearchResult,
  BatchSearchResultSchema,
  type SearchRequest,
  SearchRequestSchema,
} from "#gen/llmemory/v1/search_service_pb.js";
import { abortError, InvalidInputError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { refusalOf } from "../interceptors/error-translation.ts";
import { findViolations } from "../interceptors/find-violations.ts";
import type { RequestContext } from "../interceptors/request-context.ts";
import type { SearchAnswer } from "../search/search-query.ts";
import { divideFairly } from "./divide-fairly.ts";
import { encodeAnswer } from "./encode-search.ts";

/** Answers the searches of a batch that are not refused. */
export type RunSearches = (accepted: readonly SearchRequest[]) => Promise<readonly PromiseSettledResult<SearchAnswer>[]>;

type Outcome = { readonly answer: SearchAnswer } | { readonly error: Status };

/** Checks each search of a batch on its own, runs the good ones, and gives what became of each, in order. */
export async function searchBatch(
  searches: readonly SearchRequest[],
  context: RequestContext,
  run: RunSearches,
): Promise<BatchSearchResponse> {
  const { signal } = context;
  const checked = searches.map((search) => ({ search, violations: findViolations(SearchRequestSchema, search) }));
  const good = checked.filter(({ violations }) => violations.length === 0);
  const settled = good.length === 0 ? [] : await run(good.map(({ search }) => search));
  if (signal.aborted) throw abortError(signal);

  const refused = (error: unknown): Outcome => ({ error: refusalOf(error, context) });
  const answers = settled[Symbol.iterator]();
  const outcomes = checked.map(({ violations }): Outcome => {
    if (violations.length > 0) return refused(new InvalidInputError(violations));
    const { value: result } = answers.next();
    if (result?.status === "fulfilled") return { answer: result.value };
    return refused(result?.reason);
  });
  return encodeOutcomes(outcomes);
}

/** Where the answers are too large for one reply, the largest give way to the others. */
function encodeOutcomes(outcomes: readonly Outcome[]): BatchSearchResponse {
  const whole = outcomes.map((outcome) => encodeOutcome(outcome, limits.replyBytesMax));
  const needed = whole.map((result) => toBinary(BatchSearchResultSchema, result).length + framingBytes);
  const shares = divideFairly(needed, limits.replyBytesMax);
  const results = outcomes.map((outcome, index) => {
    const share = shares[index] ?? 0;
    return share === needed[index] ? whole[index] : encodeOutcome(outcome, share - 2 * framingBytes);
  });
  return create(BatchSearchResponseSchema, { results: results.filter((result) => result !== undefined) });
}

/** Tag and length of a message in another one, at most: lengths up to 4 MiB take four bytes. */
const framingBytes = 5;

function encodeOutcome(outcome: Outcome, bytesMax: number): BatchSearchResult {
  if ("error" in outcome) return create(BatchSearchResultSchema, { result: { case: "error", value: outcome.error } });
  return create(BatchSearchResultSchema, { result: { case: "response", value: encodeAnswer(outcome.answer, bytesMax) } });
}
