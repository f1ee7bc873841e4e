import { create, type DescMessage, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ExplainSearchRequestSchema } from "#gen/llmemory/v1/admin_service_pb.js";
import type { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import {
  AddDocumentRequestSchema,
  BatchAddDocumentsRequestSchema,
  GetDocumentRequestSchema,
  IngestDocumentsRequestSchema,
  ListDocumentsRequestSchema,
} from "#gen/llmemory/v1/memory_service_pb.js";
import {
  BatchSearchRequestSchema,
  RecordFeedbackRequestSchema,
  SearchRequestSchema,
} from "#gen/llmemory/v1/search_service_pb.js";
import { findViolations } from "../../src/interceptors/find-violations.ts";

const half = "\ud83d";
const good = { ownerId: "ada", content: "Ada likes tea." };

test("accepts a document with everything set", () => {
  const message = {
    ...good,
    idAtOrigin: "https://example.org/a?b=c#d:é",
    documentName: "Tea",
    documentType: 4,
    metadata: { customer: { city: "Oslo" }, tags: ["a"] },
    language: "pt-BR",
    chunking: { strategy: 2, chunkTokens: 100, overlapTokens: 10 },
    waitUntil: 2,
  };
  expect(fields(AddDocumentRequestSchema, message)).toEqual([]);
});

test("finds all that is wrong at once: what the proto declares and what it cannot say", () => {
  const metadata = { deep: nested(10), ["k".repeat(101)]: 1 };
  const found = fields(AddDocumentRequestSchema, {
    ownerId: "",
    documentName: "x".repeat(501),
    idAtOrigin: "two\nlines",
    documentType: 99 as DocumentType,
    content: `tea\0${half}`,
    metadata,
    language: "not a language",
    chunking: { chunkTokens: 15, overlapTokens: 8 },
  });
  expect(found).toEqual([
    ["chunking", "chunking.overlap_less_than_half"],
    ["chunking.chunk_tokens", "int32.gte_lte"],
    ["content", "text.no_nul"],
    ["content", "text.well_formed"],
    ["document_name", "string.max_len"],
    ["document_type", "enum.defined_only"],
    ["id_at_origin", "text.printable"],
    ["language", "string.pattern"],
    ["metadata", "metadata.depth"],
    ["metadata", "metadata.key_length"],
    ["owner_id", "string.min_len"],
  ]);
});

describe("characters that cannot be stored", () => {
  test.each([
    ["a NUL at the start", { content: "\0x" }, "content", "at position 0"],
    ["a NUL after characters beyond the first plane", { content: "😀é\0" }, "content", "at position 2"],
    ["half a pair at the end", { content: `😀x${half}` }, "content", "at position 2"],
    ["half a pair in a name", { documentName: `a${half}b` }, "document_name", "at position 1"],
    ["a NUL in nested metadata", { metadata: { a: [{ b: "x\0" }] } }, "metadata.a[0].b", "at position 1"],
    ["a NUL in a name of metadata", { metadata: { "a\0": 1 } }, "metadata", "at position 1"],
    ["half a pair in metadata", { metadata: { a: half } }, "metadata.a", "at position 0"],
    ["a control character in a key", { idAtOrigin: "a\u0007" }, "id_at_origin", "(code 7) at position 1"],
    ["a line separator in a name", { documentName: "a\u2028" }, "document_name", "(code 8232) at position 1"],
  ])("%s is refused with its position", (_name, part, field, position) => {
    const found = findViolations(AddDocumentRequestSchema, create(AddDocumentRequestSchema, { ...good, ...part }));
    expect(found).toEqual([expect.objectContaining({ field, description: expect.stringContaining(position) })]);
  });

  test("are not quoted: a description holds no content", () => {
    const message = create(AddDocumentRequestSchema, { ...good, content: "secret\0", metadata: { a: `secret${half}` } });
    expect(JSON.stringify(findViolations(AddDocumentRequestSchema, message))).not.toContain("secret");
  });
});

describe("metadata", () => {
  test.each([
    ["10 levels", { metadata: nested(10) }, []],
    ["11 levels", { metadata: nested(11) }, [["metadata", "metadata.depth"]]],
    ["a name of 100 characters", { metadata: { ["😀".repeat(100)]: 1 } }, []],
    ["a name of 101 characters", { metadata: { ["k".repeat(101)]: 1 } }, [["metadata", "metadata.key_length"]]],
    ["64 KiB of JSON", { metadata: { k: "x".repeat(65_536 - 8) } }, []],
    ["one byte more", { metadata: { k: "x".repeat(65_536 - 7) } }, [["metadata", "metadata.size"]]],
  ])("%s", (_name, part, expected) => {
    expect(fields(AddDocumentRequestSchema, { ...good, ...part })).toEqual(expected);
  });
});

test("a request that is wrong in thousands of places is told as much as an error can hold, and how much more there is", () => {
  const metadata = { ["k".repeat(90)]: Array.from({ length: 5_000 }, () => "\0") };
  const found = findViolations(AddDocumentRequestSchema, create(AddDocumentRequestSchema, { ...good, ownerId: "", metadata }));
  expect(found[0]).toMatchObject({ field: "owner_id" });
  expect(found.at(-1)).toEqual({ field: "", rule: "violations.max", description: `and ${5_002 - found.length} more violations` });
  expect(Buffer.byteLength(JSON.stringify(found))).toBeLessThan(6 * 1024);
});

test("a path of any length is cut", () => {
  const metadata = { ["😀".repeat(100)]: { ["é".repeat(100)]: { k: "\0" } } };
  const [found] = findViolations(AddDocumentRequestSchema, create(AddDocumentRequestSchema, { ...good, metadata }));
  expect(found?.field).toMatch(/^metadata\.(😀){61}…$/u);
});

test("documents of a batch and of an item are not checked with their message", () => {
  expect(fields(BatchAddDocumentsRequestSchema, { documents: [{ content: "\0" }] })).toEqual([]);
  const item = (sequence: bigint) => ({ message: { case: "item" as const, value: { sequence, document: { content: "\0" } } } });
  expect(fields(IngestDocumentsRequestSchema, item(1n))).toEqual([]);
  expect(fields(IngestDocumentsRequestSchema, item(0n))).toEqual([["item.sequence", "int64.gte"]]);
});

test("searches of a batch are not checked with their message, but their number is", () => {
  const searches = (count: number) => ({ searches: Array.from({ length: count }, () => ({ queryText: "\0" })) });
  expect(fields(BatchSearchRequestSchema, searches(20))).toEqual([]);
  expect(fields(BatchSearchRequestSchema, searches(21))).toEqual([["searches", "repeated.max_items"]]);
  expect(fields(BatchSearchRequestSchema, {})).toEqual([["searches", "repeated.min_items"]]);
});

describe("a search", () => {
  const good = { ownerId: "ada", queryText: "tea" };
  const everything = {
    ...good,
    language: "pt-BR",
    textWindow: 0,
    speakerBoost: 0,
    relevanceFeedback: 0,
    minScore: -3.5,
    includeParentContext: true,
    contextWindow: 10,
    mmrLambda: 0,
    recency: { halfLife: { seconds: 3_155_760_000n }, weight: 0 },
    queryExpansion: 3,
    maxQueryVariants: 10,
    rerank: 4,
    rerankTopK: 200,
    routing: { threshold: 1 },
    filter: { languages: ["en", "zh-Hant-TW"] },
  };

  test("may have everything set", () => {
    expect(fields(SearchRequestSchema, everything)).toEqual([]);
  });

  test("is told all that is wrong at once", () => {
    const wrong = {
      ...good,
      language: "e",
      textWindow: 6,
      speakerBoost: 1.1,
      relevanceFeedback: 1.1,
      minScore: Number.POSITIVE_INFINITY,
      contextWindow: 11,
      mmrLambda: -0.1,
      recency: { weight: 2 },
      queryExpansion: 9,
      maxQueryVariants: 0,
      rerank: 9,
      rerankTopK: 201,
      routing: { threshold: Number.NaN },
      filter: { languages: ["en", "", "english language", "e".repeat(36)] },
    };
    expect(fields(SearchRequestSchema, wrong)).toEqual([
      ["context_window", "int32.gte_lte"],
      ["filter.languages[1]", "string.pattern"],
      ["filter.languages[2]", "string.pattern"],
      ["filter.languages[3]", "string.max_len"],
      ["filter.languages[3]", "string.pattern"],
      ["language", "string.pattern"],
      ["max_query_variants", "int32.gte_lte"],
      ["min_score", "double.finite"],
      ["mmr_lambda", "double.gte_lte"],
      ["query_expansion", "enum.defined_only"],
      ["recency.half_life", "required"],
      ["recency.weight", "double.gte_lte"],
      ["relevance_feedback", "double.gte_lte"],
      ["rerank_top_k", "int32.gte_lte"],
      ["rerank", "enum.defined_only"],
      ["routing.threshold", "double.gte_lte"],
      ["speaker_boost", "double.gte_lte"],
      ["text_window", "int32.gte_lte"],
    ]);
  });

  test.each([
    ["nothing", {}, ["recency.half_life"]],
    ["a negative time", { seconds: -1n }, ["recency.half_life"]],
    ["a nanosecond", { nanos: 1 }, []],
    ["more than a hundred years", { seconds: 3_155_760_001n }, ["recency.half_life"]],
    ["seconds beyond every calendar", { seconds: 2n ** 62n }, ["recency.half_life"]],
  ])("has a half-life of %s", (_name, halfLife, expected) => {
    expect(fields(SearchRequestSchema, { ...good, recency: { halfLife } }).map(([field]) => field)).toEqual(expected);
  });

  test("that is to be explained is checked like any other", () => {
    expect(fields(ExplainSearchRequestSchema, {})).toEqual([["search", "required"]]);
    expect(fields(ExplainSearchRequestSchema, { search: everything })).toEqual([]);
    const metadata = { expression: { case: "condition" as const, value: { path: "a..b" } } };
    const search = { ownerId: "a b", queryText: " \t", limit: 0, filter: { metadata } };
    expect(fields(ExplainSearchRequestSchema, { search })).toEqual([
      ["search.filter.metadata.condition", "metadata_condition.value_required"],
      ["search.filter.metadata.condition.path", "metadata_path.valid"],
      ["search.limit", "int32.gte_lte"],
      ["search.owner_id", "string.pattern"],
      ["search.query_text", "query_text.not_blank"],
    ]);
  });
});

describe("feedback", () => {
  const [searchId, chunkId] = ["0190a0e0-0000-7000-8000-000000000000", "0190a0e0-0000-7000-8000-00000000000a"];
  const judged = (...feedback: object[]) => ({ ownerId: "ada", searchId, feedback });

  test.each([
    ["both ends of the rating", judged({ chunkId, rating: -1 }, { chunkId: searchId, rating: 1, note: "x".repeat(1_000) }), []],
    ["none", judged(), [["feedback", "repeated.min_items"]]],
    ["no rating", judged({ chunkId }), [["feedback[0].rating", "required"]]],
    ["a rating above 1", judged({ chunkId, rating: 1.1 }), [["feedback[0].rating", "double.gte_lte"]]],
    ["a rating that is no number", judged({ chunkId, rating: Number.NaN }), [["feedback[0].rating", "double.gte_lte"]]],
    ["a long note", judged({ chunkId, rating: 0, note: "x".repeat(1_001) }), [["feedback[0].note", "string.max_len"]]],
    ["a note with NUL", judged({ chunkId, rating: 0, note: "\0" }), [["feedback[0].note", "text.no_nul"]]],
    ["an id that is no UUID", judged({ chunkId: "1", rating: 0 }), [["feedback[0].chunk_id", "string.uuid"]]],
    [
      "a chunk twice, however it is written",
      judged({ chunkId, rating: 0 }, { chunkId: chunkId.toUpperCase(), rating: 1 }),
      [["feedback[1].chunk_id", "feedback.chunk_once"]],
    ],
  ])("%s", (_name, message, expected) => {
    expect(fields(RecordFeedbackRequestSchema, message)).toEqual(expected);
  });
});

describe("other messages", () => {
  test.each([
    ["an empty stream message", IngestDocumentsRequestSchema, {}, [["message", "required"]]],
    [
      "a stream id with a control character",
      IngestDocumentsRequestSchema,
      { message: { case: "open" as const, value: { ownerId: "ada", streamId: "a\n" } } },
      [["open.stream_id", "text.printable"]],
    ],
    ["no key", GetDocumentRequestSchema, { ownerId: "ada" }, [["key", "required"]]],
    [
      "an id that is no UUID",
      GetDocumentRequestSchema,
      { ownerId: "ada", key: { case: "documentId" as const, value: "1" } },
      [["document_id", "string.uuid"]],
    ],
    [
      "vectors without their chunks",
      GetDocumentRequestSchema,
      { ownerId: "ada", key: { case: "idAtOrigin" as const, value: "1" }, includeEmbeddings: true },
      [["", "get_document.embeddings_need_chunks"]],
    ],
    ["a page size of 0", ListDocumentsRequestSchema, { ownerId: "ada", pageSize: 0 }, [["page_size", "int32.gte_lte"]]],
    ["a page size of 501", ListDocumentsRequestSchema, { ownerId: "ada", pageSize: 501 }, [["page_size", "int32.gte_lte"]]],
    [
      "an order that does not exist",
      ListDocumentsRequestSchema,
      { ownerId: "ada", orderBy: 99 },
      [["order_by", "enum.defined_only"]],
    ],
    ["a limit of 0", SearchRequestSchema, { ownerId: "ada", queryText: "tea", limit: 0 }, [["limit", "int32.gte_lte"]]],
    ["a limit of 101", SearchRequestSchema, { ownerId: "ada", queryText: "tea", limit: 101 }, [["limit", "int32.gte_lte"]]],
    ["no limit", SearchRequestSchema, { ownerId: "ada", queryText: "tea" }, []],
    ["an empty query", SearchRequestSchema, { ownerId: "ada" }, [["query_text", "string.min_len"]]],
    ["a blank query", SearchRequestSchema, { ownerId: "ada", queryText: " \t" }, [["query_text", "query_text.not_blank"]]],
    [
      "alpha that is no number",
      SearchRequestSchema,
      { ownerId: "ada", queryText: "tea", alpha: Number.NaN },
      [["alpha", "double.gte_lte"]],
    ],
  ] as readonly (readonly [string, DescMessage, Record<string, unknown>, readonly (readonly string[])[]])[])(
    "%s",
    (_name, schema, message, expected) => {
      expect(fields(schema, message)).toEqual(expected);
    },
  );
});

describe("filters", () => {
  const condition = (path: string) => ({
    expression: { case: "condition" as const, value: { path, value: { kind: { case: "boolValue" as const, value: true } } } },
  });
  type Expression = MessageInitShape<typeof SearchRequestSchema>["filter"] extends infer F ? NonNullable<F> : never;
  const all = (...expressions: object[]) => ({ expression: { case: "all" as const, value: { expressions } } });
  const any = (...expressions: object[]) => ({ expression: { case: "any" as const, value: { expressions } } });
  const not = (value: object) => ({ expression: { case: "not" as const, value } });
  const search = (metadata: object) => ({ ownerId: "ada", queryText: "tea", filter: { metadata } as Expression });

  test.each([
    ["a path of names", search(condition("customer.city")), []],
    ["escaped dots", search(condition("a\\.b.c\\\\")), []],
    ["an empty name", search(condition("a..b")), [["filter.metadata.condition.path", "metadata_path.valid"]]],
    ["an unknown escape", search(condition("a\\n")), [["filter.metadata.condition.path", "metadata_path.valid"]]],
    [
      "one bad path among good ones",
      search(all(condition("a"), all(condition("b."), condition("c")))),
      [["filter.metadata.all.expressions[1].all.expressions[0].condition.path", "metadata_path.valid"]],
    ],
    ["5 levels", search(all(all(all(all(condition("a")))))), []],
    ["6 levels", search(all(all(all(all(all(condition("a"))))))), [["filter.metadata", "metadata_expression.depth"]]],
    ["50 conditions", search(all(...Array.from({ length: 50 }, () => condition("a")))), []],
    [
      "51 conditions in two lists",
      search(all(all(...Array.from({ length: 50 }, () => condition("a"))), condition("b"))),
      [["filter.metadata", "metadata_expression.conditions"]],
    ],
    [
      "one bad path below not and any",
      search(not(any(condition("a"), not(condition("."))))),
      [["filter.metadata.not.any.expressions[1].not.condition.path", "metadata_path.valid"]],
    ],
    ["5 levels of every kind", search(not(any(all(not(condition("a")))))), []],
    [
      "6 levels of every kind",
      search(not(any(all(not(not(condition("a"))))))),
      [["filter.metadata", "metadata_expression.depth"]],
    ],
    [
      "51 conditions under not and any",
      search(any(...Array.from({ length: 50 }, () => condition("a")), not(condition("b")))),
      [
        ["filter.metadata", "metadata_expression.conditions"],
        ["filter.metadata.any.expressions", "repeated.max_items"],
      ],
    ],
    [
      "no value",
      search({ expression: { case: "condition" as const, value: { path: "a" } } }),
      [["filter.metadata.condition", "metadata_condition.value_required"]],
    ],
    ["no form", search({}), [["filter.metadata.expression", "required"]]],
    ["an empty list", search(all()), [["filter.metadata.all.expressions", "repeated.min_items"]]],
  ])("%s", (_name, message, expected) => {
    expect(fields(SearchRequestSchema, message)).toEqual(expected);
  });

  test("an id that is no UUID, an unspecified type and a reversed range are found together", () => {
    const filter = {
      documentIds: ["00000000-0000-4000-8000-000000000000", "x"],
      documentTypes: [0],
      dateFrom: { seconds: 2n },
      dateTo: { seconds: 1n },
    };
    expect(fields(ListDocumentsRequestSchema, { ownerId: "ada", filter })).toEqual([
      ["filter", "filter.date_range"],
      ["filter.document_ids[1]", "string.uuid"],
      ["filter.document_types[0]", "enum.not_in"],
    ]);
  });
});

/** Field and rule of each violation, sorted. */
function fields<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): string[][] {
  return findViolations(schema, create(schema, message))
    .map(({ field, rule }) => [field, rule])
    .toSorted((left, right) => left.join().localeCompare(right.join()));
}

function nested(depth: number): JsonObject {
  return depth === 1 ? { leaf: 1 } : { level: nested(depth - 1) };
}
