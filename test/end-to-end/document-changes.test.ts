import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { Outcome, WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { errorOf, statusFacts } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { useService } from "../support/use-service.ts";
import { IngestClient } from "./ingest-client.ts";

describe.each(testDatabases())("on $name", (kind) => {
  const running = useService(kind);

  describe("documents that expire", () => {
    test("are there until then, and are gone for every read at once", async () => {
      const { memory, search, admin } = running();
      const ownerId = newOwner();
      const request = { ownerId, idAtOrigin: "code", content: "The code of the door is 4711.", waitUntil: WaitUntil.SEARCHABLE };
      const later = timestampFromDate(new Date(Date.now() + 3_600_000));
      expect((await memory.addDocument({ ...request, expiresAt: later })).document?.expiresAt).toEqual(later);
      const [chunk] = (await memory.getChunks({ ownerId, key: { case: "idAtOrigin", value: "code" } })).chunks;
      const chunkIds = [chunk?.chunk?.chunkId ?? ""];
      expect((await search.search({ ownerId, queryText: "door" })).results).toHaveLength(1);
      const expiresAt = new Date(Date.now() + 1_000);
      const byName = { case: "idAtOrigin" as const, value: "code" };
      const { document } = await memory.updateDocument({ ownerId, key: byName, expiresAt: timestampFromDate(expiresAt) });
      expect(document?.expiresAt).toEqual(timestampFromDate(expiresAt));
      await sleep(expiresAt.getTime() - Date.now() + 1);
      const keys = [byName, { case: "documentId" as const, value: document?.documentId ?? "" }];
      for (const key of keys) {
        expect(await errorOf(memory.getDocument({ ownerId, key }))).toMatchObject({ code: "NOT_FOUND" });
        expect(await errorOf(memory.getChunks({ ownerId, key }))).toMatchObject({ code: "NOT_FOUND" });
        expect(await errorOf(memory.updateDocument({ ownerId, key, documentName: "x" }))).toMatchObject({ code: "NOT_FOUND" });
        expect(await errorOf(memory.deleteDocument({ ownerId, key }))).toMatchObject({ code: "NOT_FOUND" });
      }
      expect((await memory.getChunks({ ownerId, chunkIds })).missingChunkIds).toEqual(chunkIds);
      expect((await memory.listDocuments({ ownerId })).documents).toEqual([]);
      expect(await search.search({ ownerId, queryText: "door" })).toMatchObject({ results: [], receipt: { cacheHit: false } });
      expect(await admin.getOwnerStatistics({ ownerId })).toMatchObject({ documentCount: 0n, chunkCount: 0n });
      expect(await memory.addDocument(request)).toMatchObject({ outcome: Outcome.CREATED, document: { version: 1 } });
    });

    test("must expire in time to come, which each document of a batch is told alone", async () => {
      const { memory } = running();
      const ownerId = newOwner();
      const expiresAt = timestampFromDate(new Date(Date.now() - 1_000));
      const refused = { code: "INVALID_ARGUMENT", fields: ["expires_at"] };
      expect(await errorOf(memory.addDocument({ ownerId, content: "late", expiresAt }))).toMatchObject(refused);
      const documents = [
        { ownerId, content: "late", expiresAt },
        { ownerId, content: "in time" },
      ];
      const { results } = await memory.batchAddDocuments({ documents });
      expect(results.map(({ result }) => result.case)).toEqual(["error", "response"]);
      expect(results.flatMap(({ result }) => (result.case === "error" ? [statusFacts(result.value)] : []))).toMatchObject([
        refused,
      ]);
    });

    test("are renewed by the same document with another expiry, without a new chunk", async () => {
      const { memory } = running();
      const request = { ownerId: newOwner(), idAtOrigin: "a", content: "Some words.", waitUntil: WaitUntil.SEARCHABLE };
      await memory.addDocument(request);
      const expiresAt = timestampFromDate(new Date(Date.now() + 3_600_000));
      expect(await memory.addDocument({ ...request, expiresAt })).toMatchObject({
        outcome: Outcome.UPDATED,
        chunksCreated: 0,
        chunksKept: 1,
        embeddingsPending: 0,
        document: { version: 2, expiresAt },
      });
      expect(await memory.addDocument({ ...request, expiresAt })).toMatchObject({ outcome: Outcome.UNCHANGED });
    });
  });

  describe("updating", () => {
    test("changes what the mask names, or what is given, and search filters see it at once", async () => {
      const { memory, search } = running();
      const ownerId = newOwner();
      const key = { case: "idAtOrigin" as const, value: "note" };
      const documentDate = timestampFromDate(new Date("2026-01-01"));
      await memory.addDocument({
        ownerId,
        idAtOrigin: "note",
        documentName: "a note",
        content: "Ada likes tea.",
        metadata: { state: "draft" },
        documentDate,
        waitUntil: WaitUntil.SEARCHABLE,
      });
      const find = async (state: string) => {
        const filter = stateIs(state);
        const { results } = await search.search({ ownerId, queryText: "tea", filter });
        return results.map(({ documentName, documentMetadata }) => ({ documentName, documentMetadata }));
      };
      expect(await find("final")).toEqual([]);
      const { document } = await memory.updateDocument({ ownerId, key, metadata: { state: "final" } });
      expect(document).toMatchObject({ documentName: "a note", metadata: { state: "final" }, version: 2, documentDate });
      expect(await find("final")).toEqual([{ documentName: "a note", documentMetadata: { state: "final" } }]);
      expect(await find("draft")).toEqual([]);
      const updateMask = { paths: ["document_name", "document_date"] };
      const cleared = await memory.updateDocument({
        ownerId,
        key,
        documentName: "renamed",
        metadata: { ignored: 1 },
        updateMask,
      });
      expect(cleared.document).toMatchObject({ documentName: "renamed", metadata: { state: "final" }, version: 3 });
      expect(cleared.document?.documentDate).toBeUndefined();
      expect(await find("final")).toEqual([{ documentName: "renamed", documentMetadata: { state: "final" } }]);
    });

    test("is refused for a field that does not change so, and for another version than expected", async () => {
      const { memory } = running();
      const ownerId = newOwner();
      const key = { case: "idAtOrigin" as const, value: "note" };
      await memory.addDocument({ ownerId, idAtOrigin: "note", content: "Ada likes tea." });
      const unknown = await errorOf(memory.updateDocument({ ownerId, key, updateMask: { paths: ["content", "metadata.a"] } }));
      expect(unknown).toMatchObject({ code: "INVALID_ARGUMENT", fields: ["update_mask"] });
      expect(unknown.message).toContain("document_name, document_date, metadata, expires_at");
      expect(await errorOf(memory.updateDocument({ ownerId, key }))).toMatchObject({ fields: ["update_mask"] });
      const mismatch = memory.updateDocument({ ownerId, key, documentName: "x", expectedVersion: 7 });
      expect(await errorOf(mismatch)).toMatchObject({ code: "ABORTED", reason: "VERSION_MISMATCH" });
      const updated = await memory.updateDocument({ ownerId, key, documentName: "x", expectedVersion: 1 });
      expect(updated.document?.version).toBe(2);
      const foreign = memory.updateDocument({ ownerId: newOwner(), key, documentName: "x" });
      expect(await errorOf(foreign)).toMatchObject({ code: "NOT_FOUND" });
    });
  });

  describe("deleting many", () => {
    test("by filter counts in a dry run what it then deletes, and nothing the second time", async () => {
      const { memory, search } = running();
      const ownerId = newOwner();
      const documents = Array.from({ length: 6 }, (_, index) => ({
        ownerId,
        idAtOrigin: `${index}`,
        content: `Tea number ${index}.`,
        metadata: { state: index < 4 ? "old" : "new" },
        documentType: DocumentType.TEXT,
      }));
      await memory.batchAddDocuments({ documents });
      const request = { ownerId, filter: stateIs("old") };
      const expected = { documentsDeleted: 4n, chunksDeleted: 4n, moreRemain: false };
      expect(await memory.deleteDocuments({ ...request, dryRun: true })).toMatchObject(expected);
      expect((await memory.listDocuments({ ownerId })).documents).toHaveLength(6);
      expect(await memory.deleteDocuments(request)).toMatchObject(expected);
      expect(await memory.deleteDocuments(request)).toMatchObject({ documentsDeleted: 0n, moreRemain: false });
      const { results } = await search.search({ ownerId, queryText: "tea" });
      expect(results.map(({ idAtOrigin }) => idAtOrigin).toSorted()).toEqual(["4", "5"]);
    });

    test("by ids of either kind takes those that are there, and none of another owner", async () => {
      const { memory } = running();
      const [ownerId, other] = [newOwner(), newOwner()];
      for (const owner of [ownerId, other])
        for (const idAtOrigin of ["a", "b", "c"]) await memory.addDocument({ ownerId: owner, idAtOrigin, content: idAtOrigin });
      const { document } = await memory.getDocument({ ownerId, key: { case: "idAtOrigin", value: "b" } });
      const documentIds = [document?.documentId ?? "", randomUUID()];
      const deleted = await memory.deleteDocuments({ ownerId, documentIds, idsAtOrigin: ["a", "b", "missing"] });
      expect(deleted).toMatchObject({ documentsDeleted: 2n, chunksDeleted: 2n, moreRemain: false });
      expect(await memory.deleteDocuments({ ownerId: other, documentIds })).toMatchObject({ documentsDeleted: 0n });
      expect((await memory.listDocuments({ ownerId })).documents.map(({ idAtOrigin }) => idAtOrigin)).toEqual(["c"]);
      expect((await memory.listDocuments({ ownerId: other })).documents).toHaveLength(3);
    });

    test("is refused without ids and filter, with both, and with a filter that would choose everything", async () => {
      const { memory } = running();
      const ownerId = newOwner();
      const requests = [{}, { idsAtOrigin: ["a"], filter: stateIs("old") }, { filter: {} }, { filter: {}, dryRun: true }];
      for (const request of requests)
        expect(await errorOf(memory.deleteDocuments({ ownerId, ...request }))).toMatchObject({ code: "INVALID_ARGUMENT" });
    });
  });

  describe("an idempotency key", () => {
    test("makes an add safe to repeat, one by one, in a batch and at the same time", async () => {
      const { memory } = running();
      const ownerId = newOwner();
      const request = { ownerId, content: "Added once.", idempotencyKey: "key" };
      const replies = await Promise.all([1, 2, 3, 4, 5].map(() => memory.addDocument(request)));
      const { results } = await memory.batchAddDocuments({ documents: [request, request] });
      for (const { result } of results) if (result.case === "response") replies.push(result.value);
      expect(replies.map(({ outcome }) => Outcome[outcome])).toEqual(Array.from({ length: 7 }, () => "CREATED"));
      expect(new Set(replies.map(({ document }) => document?.documentId)).size).toBe(1);
      expect((await memory.listDocuments({ ownerId })).documents).toHaveLength(1);
      const other = await errorOf(memory.addDocument({ ...request, content: "Something else." }));
      expect(other).toMatchObject({ code: "FAILED_PRECONDITION", reason: "IDEMPOTENCY_KEY_REUSED" });
    });

    test("of one owner says nothing to another, and has no place in a stream", async () => {
      const { memory } = running();
      const [ownerId, other] = [newOwner(), newOwner()];
      const replies = [ownerId, other].map((owner) =>
        memory.addDocument({ ownerId: owner, content: "a", idempotencyKey: "key" }),
      );
      expect((await Promise.all(replies)).map(({ outcome }) => outcome)).toEqual([Outcome.CREATED, Outcome.CREATED]);
      const stream = new IngestClient(memory);
      stream.open({ ownerId, streamId: "s" });
      stream.item(1n, { content: "a", idempotencyKey: "key" });
      await stream.nextDurable();
      const { upToSequence, failures } = await stream.nextDurable();
      expect(upToSequence).toBe(1n);
      expect(failures.map(({ error }) => statusFacts(error).fields)).toEqual([["idempotency_key"]]);
      await stream.cut();
    });

    test("waits as each request says, and does not count that as a difference", async () => {
      const { memory } = running();
      const request = { ownerId: newOwner(), content: "Waited for.", idempotencyKey: "key", waitUntil: WaitUntil.SEARCHABLE };
      const first = await memory.addDocument(request);
      const again = await memory.addDocument({ ...request, waitUntil: WaitUntil.COMMITTED });
      expect(again).toMatchObject({ outcome: Outcome.CREATED, chunksCreated: 1, embeddingsPending: 0 });
      expect(again.document).toEqual(first.document);
    });
  });
});

function stateIs(state: string) {
  const value = { kind: { case: "stringValue" as const, value: state } };
  return { metadata: { expression: { case: "condition" as const, value: { path: "state", value } } } };
}

function newOwner(): string {
  return `owner-${randomUUID()}`;
}
