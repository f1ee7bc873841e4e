import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { ChunkingStrategySchema, ChunkSummary, ContextPrefix, DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { AddDocumentRequestSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { decodeDocument } from "../../src/services/decode-document.ts";

describe("a request becomes the domain's document", () => {
  test("with everything that it says", () => {
    const documentDate = new Date("2026-01-31T12:34:56.789Z");
    const request = create(AddDocumentRequestSchema, {
      ownerId: "ada",
      idAtOrigin: "notes/1",
      documentName: "Tea",
      documentType: DocumentType.CHAT,
      content: " as it comes \r\n",
      metadata: { customer: { city: "Oslo" }, tags: ["a", 1, null, true] },
      documentDate: timestampFromDate(documentDate),
      expiresAt: timestampFromDate(documentDate),
      language: "pt-BR",
      chunking: { strategy: 4, chunkTokens: 100, overlapTokens: 0 },
    });
    expect(decodeDocument(request)).toEqual({
      ownerId: "ada",
      idAtOrigin: "notes/1",
      documentName: "Tea",
      documentType: "chat",
      content: " as it comes \r\n",
      metadata: { customer: { city: "Oslo" }, tags: ["a", 1, null, true] },
      documentDate,
      expiresAt: documentDate,
      language: "pt-BR",
      chunking: { strategy: "sliding_window", chunkTokens: 100, overlapTokens: 0 },
    });
  });

  test("with the vectors that came with it", () => {
    const embedding = { model: "hashing/2", vectors: [{ values: [1, 0.5] }, { values: [] }] };
    const document = decodeDocument(create(AddDocumentRequestSchema, { ownerId: "ada", content: "text", embedding }));
    const vectors = [Float32Array.of(1, 0.5), new Float32Array(0)];
    expect(document.embedding).toEqual({ modelId: "hashing/2", vectors });
  });

  test("with packed vectors, without the request that they came in", () => {
    const request = Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    const embedding = { model: "hashing/2", packedVectors: request.subarray(1, 9) };
    const { vectors } = decodeDocument(create(AddDocumentRequestSchema, { content: "text", embedding })).embedding ?? {};
    expect(vectors).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(vectors).toMatchObject({ buffer: { byteLength: 8 } });
  });

  test.each([
    [{}, { contextPrefix: undefined, summary: undefined }],
    [
      { contextPrefix: ContextPrefix.NONE, summary: ChunkSummary.MODEL },
      { contextPrefix: "none", summary: "model" },
    ],
    [
      { contextPrefix: ContextPrefix.TEMPLATE, summary: ChunkSummary.NONE },
      { contextPrefix: "template", summary: "none" },
    ],
    [
      { contextPrefix: ContextPrefix.MODEL, summary: ChunkSummary.EXTRACTIVE },
      { contextPrefix: "model", summary: "extractive" },
    ],
  ])("with what to make beside its text: %j", (enrichment, decoded) => {
    const request = create(AddDocumentRequestSchema, { ownerId: "ada", content: "text", enrichment });
    expect(decodeDocument(request).enrichment).toEqual(decoded);
  });

  test("with the defaults for what it leaves out", () => {
    const document = decodeDocument(create(AddDocumentRequestSchema, { ownerId: "ada", content: "text" }));
    expect(document).toEqual({
      ownerId: "ada",
      idAtOrigin: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      documentName: "",
      documentType: "unknown",
      content: "text",
      metadata: {},
      documentDate: undefined,
      expiresAt: undefined,
      language: undefined,
      chunking: { strategy: undefined, chunkTokens: undefined, overlapTokens: undefined },
    });
  });

  test.each(ChunkingStrategySchema.values.map(({ number, name }) => [name, number] as const))("%s", (name, strategy) => {
    const request = create(AddDocumentRequestSchema, { ownerId: "ada", content: "text", chunking: { strategy } });
    const expected = name.replace("CHUNKING_STRATEGY_", "").toLowerCase();
    expect(decodeDocument(request).chunking.strategy).toBe(strategy === 0 ? undefined : expected);
  });
});

test("two documents without a key of their own get different ones", () => {
  const request = create(AddDocumentRequestSchema, { ownerId: "ada", content: "text" });
  expect(decodeDocument(request).idAtOrigin).not.toBe(decodeDocument(request).idAtOrigin);
});
