import { create, toBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import pino from "pino";
import { describe, expect, test } from "vitest";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";
import { BatchSearchResponseSchema, SearchRequestSchema, ShortfallReason } from "#gen/llmemory/v1/search_service_pb.js";
import { DeadlineExceededError, DependencyUnavailableError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import type { RequestContext } from "../../src/interceptors/request-context.ts";
import type { SearchAnswer } from "../../src/search/search-query.ts";
import { type RunSearches, searchBatch } from "../../src/services/search-batch.ts";
import { answer, largeHit } from "./sample-answers.ts";

const searching = (queryText: string) => create(SearchRequestSchema, { ownerId: "ada", queryText });

function contextWith(signal: AbortSignal = new AbortController().signal) {
  const lines: string[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => lines.push(line) });
  const context: RequestContext = { requestId: "request-1", logger, signal, principal: undefined };
  return { context, lines };
}

/** Answers each query with its text as the search's id. */
const answerAll: RunSearches = async (queries) =>
  queries.map(({ queryText }) => ({ status: "fulfilled", value: answer({ searchId: queryText }) }));

test("a search that is refused leaves the others alone, and every one keeps its place", async () => {
  const searches = [searching("one"), searching(" "), searching("three"), create(SearchRequestSchema, { queryText: "four" })];
  const { results } = await searchBatch(searches, contextWith().context, answerAll);
  expect(results.map(({ result }) => result.case)).toEqual(["response", "error", "response", "error"]);
  expect(results[2]?.result).toMatchObject({ value: { searchId: "three" } });
  const refused = results[1]?.result;
  if (refused?.case !== "error") throw new Error("the blank query was not refused");
  expect(refused.value.code).toBe(Code.InvalidArgument);
  const [badRequest] = refused.value.details.map((detail) => anyUnpack(detail, BadRequestSchema));
  expect(badRequest?.fieldViolations).toMatchObject([{ field: "query_text" }]);
});

test("a batch in which nothing is right asks for no search", async () => {
  const run: RunSearches = () => Promise.reject(new Error("was asked"));
  const { results } = await searchBatch([searching("")], contextWith().context, run);
  expect(results[0]?.result).toMatchObject({ case: "error", value: { code: Code.InvalidArgument } });
});

test("a search that fails leaves the others alone, and only a bug is logged", async () => {
  const { context, lines } = contextWith();
  const run: RunSearches = async () => [
    { status: "rejected", reason: new DependencyUnavailableError("embeddings", "the embedder is away") },
    { status: "fulfilled", value: answer() },
    { status: "rejected", reason: new TypeError("a bug with secrets") },
  ];
  const { results } = await searchBatch(["a", "b", "c"].map(searching), context, run);
  expect(results.map(({ result }) => (result.case === "error" ? result.value.code : "answered"))).toEqual([
    Code.Unavailable,
    "answered",
    Code.Internal,
  ]);
  expect(JSON.stringify(results.map(({ result }) => result.case === "error" && result.value.message))).not.toContain("secrets");
  expect(lines).toEqual([expect.stringContaining("a bug with secrets")]);
});

test("a deadline that passes ends the whole batch", async () => {
  const controller = new AbortController();
  const run: RunSearches = async (queries) => {
    controller.abort(new DeadlineExceededError("the deadline has passed"));
    return queries.map(() => ({ status: "rejected", reason: controller.signal.reason }));
  };
  const { context } = contextWith(controller.signal);
  await expect(searchBatch([searching("a")], context, run)).rejects.toBeInstanceOf(DeadlineExceededError);
});

describe("answers that are too large together", () => {
  const withHits = (count: number): SearchAnswer => answer({ hits: Array.from({ length: count }, () => largeHit(50_000)) });

  test("share one reply: the small ones are whole, the large ones have equal parts and say so", async () => {
    const answers = [withHits(100), withHits(3), withHits(60), withHits(0), withHits(100)];
    const run: RunSearches = async () => answers.map((value) => ({ status: "fulfilled", value }));
    const response = await searchBatch(
      answers.map((_, index) => searching(`q${index}`)),
      contextWith().context,
      run,
    );
    expect(toBinary(BatchSearchResponseSchema, response).length).toBeLessThanOrEqual(limits.replyBytesMax);
    const counts = response.results.map(({ result }) => (result.case === "response" ? result.value.results.length : -1));
    expect(counts).toEqual([26, 3, 26, 0, 26]);
    const reasons = response.results.map(({ result }) => result.case === "response" && result.value.receipt?.shortfallReason);
    const { REPLY_SIZE, UNSPECIFIED } = ShortfallReason;
    expect(reasons).toEqual([REPLY_SIZE, UNSPECIFIED, REPLY_SIZE, UNSPECIFIED, REPLY_SIZE]);
  });

  test("fit even if there are as many as a batch may have", async () => {
    const searches = Array.from({ length: limits.batchSearchesMax }, (_, index) => searching(`q${index}`));
    const run: RunSearches = async (queries) => queries.map(() => ({ status: "fulfilled", value: withHits(90) }));
    const response = await searchBatch(searches, contextWith().context, run);
    expect(toBinary(BatchSearchResponseSchema, response).length).toBeLessThanOrEqual(limits.replyBytesMax);
    for (const { result } of response.results) expect(result.case === "response" && result.value.results.length).toBe(4);
  });
});
