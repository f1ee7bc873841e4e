import { create, type DescMessage, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import {
  AddDocumentRequestSchema,
  BatchAddDocumentsRequestSchema,
  GetDocumentRequestSchema,
  IngestDocumentsRequestSchema,
  ListDocumentsRequestSchema,
} from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchRequestSchema } from "#gen/llmemory/v1/search_service_pb.js";
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
