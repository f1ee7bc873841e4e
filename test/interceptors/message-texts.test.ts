import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  AddDocumentRequestSchema,
  BatchAddDocumentsRequestSchema,
  IngestDocumentsRequestSchema,
  ListDocumentsRequestSchema,
} from "#gen/llmemory/v1/memory_service_pb.js";
import { textsOf } from "../../src/interceptors/message-texts.ts";

test("finds every string under the path that its client knows", () => {
  const metadata = { customer: { city: "Oslo" }, tags: ["a", { deep: "b" }], count: 3, none: null };
  expect(textsByPath(AddDocumentRequestSchema, { ownerId: "ada", content: "text", metadata })).toEqual([
    ["owner_id", "ada"],
    ["content", "text"],
    // The names of objects are texts, too, at the path of the object.
    ["metadata", "customer"],
    ["metadata.customer", "city"],
    ["metadata.customer.city", "Oslo"],
    ["metadata", "tags"],
    ["metadata.tags[0]", "a"],
    ["metadata.tags[1]", "deep"],
    ["metadata.tags[1].deep", "b"],
    ["metadata", "count"],
    ["metadata", "none"],
  ]);
});

test("goes through lists, nested messages and oneofs", () => {
  const condition = (path: string, text: string) => ({
    expression: { case: "condition" as const, value: { path, value: { kind: { case: "stringValue" as const, value: text } } } },
  });
  const expressions = [condition("a", "x"), condition("b", "y")];
  const filter = { idsAtOrigin: ["1", "2"], metadata: { expression: { case: "all" as const, value: { expressions } } } };
  expect(textsByPath(ListDocumentsRequestSchema, { ownerId: "ada", filter })).toEqual([
    ["owner_id", "ada"],
    ["filter.ids_at_origin[0]", "1"],
    ["filter.ids_at_origin[1]", "2"],
    ["filter.metadata.all.expressions[0].condition.path", "a"],
    ["filter.metadata.all.expressions[0].condition.value", "x"],
    ["filter.metadata.all.expressions[1].condition.path", "b"],
    ["filter.metadata.all.expressions[1].condition.value", "y"],
  ]);
});

test("leaves out vectors, which hold no text", () => {
  const vectors = [{ values: Array(384).fill(0.5) }];
  expect(textsByPath(AddDocumentRequestSchema, { content: "text", embedding: { model: "hashing/384", vectors } })).toEqual([
    ["content", "text"],
    ["embedding.model", "hashing/384"],
  ]);
});

test("leaves out the documents of a batch and of an item, which are checked one by one", () => {
  expect(textsByPath(BatchAddDocumentsRequestSchema, { documents: [{ content: "text" }] })).toEqual([]);
  const item = { message: { case: "item" as const, value: { sequence: 1n, document: { content: "text" } } } };
  expect(textsByPath(IngestDocumentsRequestSchema, item)).toEqual([]);
});

function textsByPath<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>) {
  return [...textsOf(schema, create(schema, message))].map(({ path, text }) => [path, text]);
}
