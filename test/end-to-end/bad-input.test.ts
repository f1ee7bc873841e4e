import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { AddDocumentRequestSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { errorOf } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { type ServiceInUse, useService } from "../support/use-service.ts";
import { connectRaw, grpcRaw } from "./raw-requests.ts";

describe.each(testDatabases())("bad input on $name", (kind) => {
  const running = useService(kind);
  let ownerId: string;

  beforeEach(() => {
    ownerId = `owner-${randomUUID()}`;
  });

  afterEach(async () => {
    // Whatever was refused has left nothing behind.
    const { memory, admin } = running();
    expect((await memory.listDocuments({ ownerId })).documents).toEqual([]);
    expect(await admin.getOwnerStatistics({ ownerId })).toMatchObject({
      documentCount: 0n,
      chunkCount: 0n,
      embeddingsPending: 0n,
    });
  });

  describe("a document is refused with every violation", () => {
    const oversized = { k: "x".repeat(65_536) };
    let deep: Record<string, never> | object = {};
    for (let level = 0; level < 11; level++) deep = { deep };

    test.each([
      ["empty content", { content: "" }, ["content"]],
      ["content with NUL", { content: "tea\0" }, ["content"]],
      ["content of 10,000,001 characters", { content: "x".repeat(10_000_001) }, ["content"]],
      ["content above 15 MiB of UTF-8", { content: "é".repeat(7_864_321) }, ["content"]],
      ["an unknown type", { documentType: 99 as DocumentType }, ["document_type"]],
      ["a key with a control character", { idAtOrigin: "a\tb" }, ["id_at_origin"]],
      ["a key of 1,025 characters", { idAtOrigin: "x".repeat(1_025) }, ["id_at_origin"]],
      ["metadata too deep", { metadata: deep }, ["metadata"]],
      ["metadata too large", { metadata: oversized }, ["metadata"]],
      ["metadata with NUL", { metadata: { a: ["\0"] } }, ["metadata.a[0]"]],
      ["an unknown strategy", { chunking: { strategy: 9 } }, ["chunking.strategy"]],
      ["an unknown wait", { waitUntil: 9 }, ["wait_until"]],
      ["a date beyond the calendar", { documentDate: { seconds: 253_402_300_800n } }, ["document_date"]],
      [
        "several at once",
        { content: "\0", documentName: "\n", language: "?", metadata: oversized },
        ["content", "document_name", "language", "metadata"],
      ],
    ] as readonly (readonly [string, object, string[]])[])("%s", async (_name, part, fields) => {
      const error = await errorOf(running().memory.addDocument({ ownerId, content: "tea", ...part }));
      expect(error).toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_INPUT", fields });
    });

    test.each(["", "a b", "a/b", "é", "x".repeat(256)])('owner "%s"', async (badOwner) => {
      const error = await errorOf(running().memory.addDocument({ ownerId: badOwner, content: "tea" }));
      expect(error).toMatchObject({ code: "INVALID_ARGUMENT", fields: ["owner_id"] });
    });
  });

  describe("a search is refused", () => {
    test.each([
      ["limit 0", { queryText: "tea", limit: 0 }, ["limit"]],
      ["limit 101", { queryText: "tea", limit: 101 }, ["limit"]],
      ["an empty query", { queryText: "" }, ["query_text"]],
      ["a blank query", { queryText: " \n" }, ["query_text"]],
      ["a query of 1,001 characters", { queryText: "x".repeat(1_001) }, ["query_text"]],
      ["a query with NUL", { queryText: "tea\0" }, ["query_text"]],
      ["alpha above 1", { queryText: "tea", alpha: 1.1 }, ["alpha"]],
      ["an id in the filter that is no UUID", { queryText: "tea", filter: { documentIds: ["1"] } }, ["filter.document_ids[0]"]],
    ])("%s", async (_name, part, fields) => {
      expect(await errorOf(running().search.search({ ownerId, ...part }))).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "INVALID_INPUT",
        fields,
      });
    });

    test("but not for a limit that is absent: that is 10", async () => {
      expect((await running().search.search({ ownerId, queryText: "tea" })).results).toEqual([]);
    });
  });

  test.each([
    ["get", (service: ServiceInUse, key: { case: "documentId"; value: string }) => service.memory.getDocument({ ownerId, key })],
    [
      "delete",
      (service: ServiceInUse, key: { case: "documentId"; value: string }) => service.memory.deleteDocument({ ownerId, key }),
    ],
  ])("%s refuses an id that is no UUID", async (_name, call) => {
    const error = await errorOf(call(running(), { case: "documentId", value: "42; drop table documents" }));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", fields: ["document_id"] });
  });

  describe("bytes that are no message", () => {
    const garbage = Uint8Array.from([0xff, 0xff, 0xff, 0xff]);
    const notUtf8 = Uint8Array.from([0x0a, 0x03, 0x61, 0xff, 0x62, 0x2a, 0x03, 0x74, 0x65, 0x61]);

    test.each([
      ["garbage", garbage],
      ["a string that is not UTF-8", notUtf8],
    ])("%s over gRPC", async (_name, bytes) => {
      const { code, message } = await grpcRaw(running().service, "MemoryService/AddDocument", bytes);
      // As every gRPC server says: its framework refuses them before anything of ours sees them.
      expect(code).toBe("INTERNAL");
      expect(message).toMatch(/^parse binary: /);
    });

    test.each([
      ["half a JSON text", "application/json", '{"ownerId": "a", '],
      ["a JSON text that is no object", "application/json", "[]"],
      ["an unknown field of JSON", "application/json", '{"ownerId": "a", "contents": "tea"}'],
      [
        "an unknown name of an enum",
        "application/json",
        '{"ownerId": "a", "content": "tea", "documentType": "DOCUMENT_TYPE_SCROLL"}',
      ],
      ["a number where text belongs", "application/json", '{"ownerId": 1, "content": "tea"}'],
    ])("%s over Connect", async (_name, contentType, body) => {
      const error = await connectRaw(running().service, "MemoryService/AddDocument", { contentType, body });
      expect(error).toMatchObject({ httpStatus: 400, code: "invalid_argument" });
      expect(error.message).not.toContain("tea");
    });

    test.each([
      ["garbage", garbage],
      ["a string that is not UTF-8", notUtf8],
    ])("%s over Connect with protobuf", async (_name, body) => {
      const error = await connectRaw(running().service, "MemoryService/AddDocument", { contentType: "application/proto", body });
      expect(error).toMatchObject({ httpStatus: 500, code: "internal", message: expect.stringMatching(/^parse binary: /) });
    });

    test("an unknown field of JSON is named", async () => {
      const body = JSON.stringify({ ownerId, contents: "tea" });
      const error = await connectRaw(running().service, "MemoryService/AddDocument", { contentType: "application/json", body });
      expect(error.message).toContain("contents");
    });

    test("half a surrogate pair in JSON is refused with its position", async () => {
      const body = `{"ownerId": "${ownerId}", "content": "😀 tea \\ud83d"}`;
      const error = await connectRaw(running().service, "MemoryService/AddDocument", { contentType: "application/json", body });
      expect(error).toMatchObject({ code: "invalid_argument", violations: [{ field: "content" }] });
      expect(error.violations[0]?.description).toContain("position 6");
    });
  });

  describe("a message over 16 MiB", () => {
    const content = "x".repeat(16 * 1024 * 1024);

    test("is refused over gRPC, and the connection lives on", async () => {
      const { memory } = running();
      expect(await errorOf(memory.addDocument({ ownerId, content }))).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
      expect((await memory.listDocuments({ ownerId })).documents).toEqual([]);
    });

    test("is refused over Connect and HTTP/1.1", async () => {
      const body = JSON.stringify({ ownerId, content });
      const error = await connectRaw(running().service, "MemoryService/AddDocument", { contentType: "application/json", body });
      expect(error).toMatchObject({ code: "resource_exhausted" });
    });

    test("is refused even if its length is a lie", async () => {
      const message = create(AddDocumentRequestSchema, { ownerId, content: "tea" });
      const bytes = Buffer.concat([toBinary(AddDocumentRequestSchema, message), Buffer.alloc(16 * 1024 * 1024)]);
      expect(await grpcRaw(running().service, "MemoryService/AddDocument", bytes)).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    });
  });
});
