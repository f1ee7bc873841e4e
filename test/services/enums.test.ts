import type { DescEnum } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ChunkingStrategySchema, DocumentType, DocumentTypeSchema, OperatorSchema } from "#gen/llmemory/v1/document_pb.js";
import { WaitUntilSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { chunkingStrategies } from "../../src/domain/chunk.ts";
import { documentTypes } from "../../src/domain/document.ts";
import { decodeDocumentType, encodeDocumentType } from "../../src/services/enums.ts";

describe("document types", () => {
  test("have one number each, and come back as they were", () => {
    expect(documentTypes.map((type) => decodeDocumentType(encodeDocumentType(type)))).toEqual(documentTypes);
    expect(new Set(documentTypes.map(encodeDocumentType)).size).toBe(documentTypes.length);
  });

  test("of the contract all have a name here; only UNSPECIFIED shares one, with UNKNOWN", () => {
    for (const { number } of DocumentTypeSchema.values) {
      const back = encodeDocumentType(decodeDocumentType(number));
      expect(back).toBe(number === DocumentType.UNSPECIFIED ? DocumentType.UNKNOWN : number);
    }
  });
});

test("chunking strategies have the same names here and in the contract", () => {
  expect(namesOf(ChunkingStrategySchema, "CHUNKING_STRATEGY_").toSorted()).toEqual(
    [...chunkingStrategies, "unspecified"].toSorted(),
  );
});

// Their decoders know these alone: a new value fails here until they know it, too.
test.each([
  [OperatorSchema, "OPERATOR_", ["unspecified", "eq", "ne", "in", "range", "exists", "contains"]],
  [WaitUntilSchema, "WAIT_UNTIL_", ["unspecified", "committed", "searchable"]],
] as const)("%s has the values that are decoded", (schema, prefix, names) => {
  expect(namesOf(schema, prefix)).toEqual(names);
});

function namesOf(schema: DescEnum, prefix: string): string[] {
  return schema.values.map(({ name }) => name.replace(prefix, "").toLowerCase());
}
