import { randomUUID } from "node:crypto";
import { fromJson, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { DocumentType, FilterSchema } from "#gen/llmemory/v1/document_pb.js";
import { type AddDocumentRequestSchema, OrderBy, Outcome, WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { Degradation, Fusion, Plan, SearchType, ShortfallReason } from "#gen/llmemory/v1/search_service_pb.js";
import { errorOf, statusFacts } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { useService } from "../support/use-service.ts";

describe.each(testDatabases())("on $name", (kind) => {
  const running = useService(kind);

  describe("adding", () => {
    test("creates, then recognises the same, then replaces and keeps the chunks whose text stayed", async () => {
      const { memory } = running();
      const ownerId = newOwner();
      const paragraphs = Array.from(
        { length: 30 },
        (_, index) => `# Part ${index}\n\nParagraph ${index} speaks of tea ${index}.\n`,
      );
      const document = { ownerId, idAtOrigin: "tea", documentType: DocumentType.MARKDOWN, content: paragraphs.join("\n") };
      const created = await memory.addDocument(document);
      expect(created).toMatchObject({ outcome: Outcome.CREATED, chunksKept: 0, chunksRemoved: 0 });
      expect(created.document).toMatchObject({ version: 1, chunkCount: created.chunksCreated, language: "en" });

      const same = await memory.addDocument(document);
      expect(same).toMatchObject({ outcome: Outcome.UNCHANGED, chunksCreated: 0, document: { version: 1 } });

      const content = document.content.replace("speaks of tea 29", "speaks of coffee");
      const updated = await memory.addDocument({ ...document, content });
      expect(updated).toMatchObject({
        outcome: Outcome.UPDATED,
        chunksCreated: updated.chunksRemoved,
        document: { version: 2, documentId: created.document?.documentId },
      });
      expect(updated.chunksKept).toBeGreaterThan(0);
    });

    test("until searchable returns when vector search finds it", async () => {
      const { memory, search } = running();
      const ownerId = newOwner();
      const added = await memory.addDocument({ ownerId, content: "Grace likes coffee.", waitUntil: WaitUntil.SEARCHABLE });
      expect(added.embeddingsPending).toBe(0);
      expect(added.document?.idAtOrigin).toMatch(/^[0-9a-f-]{36}$/);
      const { results, receipt } = await search.search({ ownerId, queryText: "coffee", searchType: SearchType.VECTOR });
      expect(results.map(({ content }) => content)).toEqual(["Grace likes coffee."]);
      expect(receipt).toMatchObject({
        plan: Plan.EXACT,
        model: "hashing/384",
        candidatesVector: 1n,
        ownerChunks: 1n,
        degraded: [],
      });
    });

    test("a batch stores the good ones and says of each bad one what is wrong, in order", async () => {
      const { memory } = running();
      const ownerId = newOwner();
      const { results } = await memory.batchAddDocuments({
        documents: [
          { ownerId, idAtOrigin: "1", content: "first" },
          { ownerId, idAtOrigin: "2", content: "" },
          { ownerId, idAtOrigin: "1", content: "first again" },
          { ownerId: "", content: "x\0" },
        ],
      });
      expect(results.map(({ result }) => (result.case === "response" ? Outcome[result.value.outcome] : result.case))).toEqual([
        "CREATED",
        "error",
        "UPDATED",
        "error",
      ]);
      const errors = results.flatMap(({ result }) => (result.case === "error" ? [statusFacts(result.value).fields] : []));
      expect(errors).toEqual([["content"], ["content", "owner_id"]]);
      expect((await memory.listDocuments({ ownerId })).documents).toHaveLength(1);
    });
  });

  describe("getting", () => {
    test("gives the document by either key, with its text, chunks and vectors", async () => {
      const { memory } = running();
      const content = `${"Ada likes tea. 😀 ".repeat(200)}\n\n${"Grace likes coffee. ".repeat(200)}`;
      const request = { ownerId: newOwner(), idAtOrigin: "drinks", content, waitUntil: WaitUntil.SEARCHABLE };
      const { document } = await memory.addDocument(request);
      const { ownerId } = request;
      const include = { includeContent: true, includeChunks: true, includeEmbeddings: true };
      const byKey = await memory.getDocument({ ownerId, key: { case: "idAtOrigin", value: "drinks" }, ...include });
      const documentId = document?.documentId ?? "";
      const byId = await memory.getDocument({ ownerId, key: { case: "documentId", value: documentId }, ...include });
      expect(byId).toEqual(byKey);
      expect(byId.content).toBe(content);
      const codePoints = Array.from(content);
      for (const chunk of byId.chunks) {
        expect(chunk.content).toBe(codePoints.slice(chunk.charStart, chunk.charEnd).join(""));
        expect(chunk.embedding).toHaveLength(chunk.chunkLevel === 0 ? 384 : 0);
      }
      expect(byId.chunks.filter(({ chunkLevel }) => chunkLevel === 0)).toHaveLength(document?.chunkCount ?? 0);
    });

    test("gives only what was asked for", async () => {
      const { memory } = running();
      const ownerId = newOwner();
      await memory.addDocument({ ownerId, idAtOrigin: "drinks", content: "tea" });
      const { content, chunks } = await memory.getDocument({ ownerId, key: { case: "idAtOrigin", value: "drinks" } });
      expect({ content, chunks }).toEqual({ content: "", chunks: [] });
    });
  });

  describe("listing", () => {
    test.each([
      [OrderBy.UNSPECIFIED, ["e", "d", "c", "b", "a"]],
      [OrderBy.CREATED_AT_ASC, ["a", "b", "c", "d", "e"]],
      [OrderBy.UPDATED_AT_DESC, ["e", "d", "c", "b", "a"]],
      [OrderBy.UPDATED_AT_ASC, ["a", "b", "c", "d", "e"]],
      [OrderBy.DOCUMENT_NAME_ASC, ["e", "d", "c", "b", "a"]],
      [OrderBy.DOCUMENT_NAME_DESC, ["a", "b", "c", "d", "e"]],
    ])("in order %i gives each document once over all pages", async (orderBy, expected) => {
      const ownerId = await listOwner();
      const ids: string[] = [];
      let pageToken = "";
      do {
        const page = await running().memory.listDocuments({ ownerId, orderBy, pageSize: 2, pageToken });
        expect(page.documents.length).toBeLessThanOrEqual(2);
        ids.push(...page.documents.map(({ idAtOrigin }) => idAtOrigin));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      expect(ids).toEqual(expected);
    });

    test("refuses a token of another query", async () => {
      const ownerId = await listOwner();
      const { memory } = running();
      const { nextPageToken } = await memory.listDocuments({ ownerId, pageSize: 1 });
      const orderBy = OrderBy.DOCUMENT_NAME_ASC;
      for (const request of [{ pageToken: nextPageToken, orderBy }, { pageToken: "nonsense" }]) {
        expect(await errorOf(memory.listDocuments({ ownerId, ...request }))).toMatchObject({
          code: "INVALID_ARGUMENT",
          fields: ["page_token"],
        });
      }
    });

    let owner: string | undefined;
    async function listOwner(): Promise<string> {
      if (owner === undefined) {
        owner = newOwner();
        for (const [index, idAtOrigin] of ["a", "b", "c", "d", "e"].entries())
          await running().memory.addDocument({
            ownerId: owner,
            idAtOrigin,
            documentName: `name ${9 - index}`,
            content: idAtOrigin,
          });
      }
      return owner;
    }
  });

  describe("filters choose the same documents in a list and in a search", () => {
    let owner: string | undefined;
    const dated = (day: number) => timestampFromDate(new Date(Date.UTC(2026, 0, day)));
    const corpus: readonly Omit<MessageInitShape<typeof AddDocumentRequestSchema>, "$typeName">[] = [
      { idAtOrigin: "a", documentType: DocumentType.TEXT, documentDate: dated(1), metadata: { city: "Oslo", n: 1 } },
      { idAtOrigin: "b", documentType: DocumentType.CHAT, documentDate: dated(2), metadata: { city: "Oslo", n: 2 } },
      { idAtOrigin: "c", documentType: DocumentType.TEXT, metadata: { customer: { "a.b": true } } },
    ];
    const condition = (path: string, value: JsonObject[string]) => ({ metadata: { condition: { path, value } } });

    test.each([
      ["nothing", {}, ["a", "b", "c"]],
      ["keys", { idsAtOrigin: ["a", "c", "x"] }, ["a", "c"]],
      ["types", { documentTypes: ["DOCUMENT_TYPE_TEXT"] }, ["a", "c"]],
      ["a date and later", { dateFrom: "2026-01-02T00:00:00Z" }, ["b"]],
      ["a date and earlier", { dateTo: "2026-01-01T00:00:00Z" }, ["a"]],
      ["metadata", condition("city", "Oslo"), ["a", "b"]],
      ["metadata of another type", condition("n", "1"), []],
      ["metadata below an escaped dot", condition("customer.a\\.b", true), ["c"]],
      [
        "all of several",
        { metadata: { all: { expressions: [condition("city", "Oslo").metadata, condition("n", 2).metadata] } } },
        ["b"],
      ],
      ["parts together", { documentTypes: ["DOCUMENT_TYPE_TEXT"], ...condition("city", "Oslo") }, ["a"]],
    ] as readonly (readonly [string, JsonObject, string[]])[])("by %s", async (_name, json, expected) => {
      const { memory, search } = running();
      if (owner === undefined) {
        owner = newOwner();
        for (const document of corpus)
          await memory.addDocument({ ...document, ownerId: owner, content: "tea", waitUntil: WaitUntil.SEARCHABLE });
      }
      const ownerId = owner;
      const filter = fromJson(FilterSchema, json);
      const listed = await memory.listDocuments({ ownerId, filter });
      expect(listed.documents.map(({ idAtOrigin }) => idAtOrigin).toSorted()).toEqual(expected);
      for (const searchType of [SearchType.HYBRID, SearchType.VECTOR, SearchType.TEXT]) {
        const { results } = await search.search({ ownerId, queryText: "tea", searchType, filter });
        expect(results.map(({ idAtOrigin }) => idAtOrigin).toSorted()).toEqual(expected);
      }
    });
  });

  describe("searching", () => {
    test("says how complete it is", async () => {
      const { memory, search } = running();
      const ownerId = newOwner();
      for (const content of ["tea with milk", "tea with sugar", "coffee"])
        await memory.addDocument({ ownerId, content, waitUntil: WaitUntil.SEARCHABLE });
      const full = await search.search({ ownerId, queryText: "tea", limit: 2 });
      expect(full.results).toHaveLength(2);
      expect(full.receipt).toMatchObject({ shortfallReason: ShortfallReason.UNSPECIFIED, candidatesText: 2n, ownerChunks: 3n });
      const text = await search.search({ ownerId, queryText: "tea", searchType: SearchType.TEXT });
      expect(text.receipt).toMatchObject({ plan: Plan.TEXT_ONLY, model: "", shortfallReason: ShortfallReason.FEWER_MATCH });
      const none = await search.search({ ownerId: newOwner(), queryText: "tea" });
      expect(none).toMatchObject({ results: [], receipt: { ownerChunks: 0n } });
    });

    test.each([Fusion.RELATIVE_SCORE, Fusion.RRF])("with fusion %i gives falling scores and every component", async (fusion) => {
      const { memory, search } = running();
      const ownerId = newOwner();
      for (const content of ["green tea", "black tea with milk and honey", "coffee"])
        await memory.addDocument({ ownerId, content, waitUntil: WaitUntil.SEARCHABLE });
      const { results } = await search.search({ ownerId, queryText: "green tea", fusion });
      const scores = results.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((left, right) => right - left));
      expect(results[0]).toMatchObject({
        content: "green tea",
        vectorPosition: 1,
        textPosition: 1,
        rrfScore: expect.any(Number),
      });
    });
  });

  test("deleting takes the document out of everything, once", async () => {
    const { memory, search, admin } = running();
    const ownerId = newOwner();
    const key = { case: "idAtOrigin" as const, value: "tea" };
    const { document } = await memory.addDocument({
      ownerId,
      idAtOrigin: "tea",
      content: "tea",
      waitUntil: WaitUntil.SEARCHABLE,
    });
    expect(await memory.deleteDocument({ ownerId, key })).toMatchObject({ documentId: document?.documentId, chunksDeleted: 1 });
    expect(await errorOf(memory.deleteDocument({ ownerId, key }))).toMatchObject({ code: "NOT_FOUND", reason: "NOT_FOUND" });
    expect(await errorOf(memory.getDocument({ ownerId, key }))).toMatchObject({ code: "NOT_FOUND" });
    expect((await search.search({ ownerId, queryText: "tea" })).results).toEqual([]);
    expect(await admin.getOwnerStatistics({ ownerId })).toMatchObject({
      documentCount: 0n,
      chunkCount: 0n,
      embeddedChunkCount: 0n,
    });
  });

  test("statistics count what is stored", async () => {
    const { memory, admin } = running();
    const ownerId = newOwner();
    const empty = await admin.getOwnerStatistics({ ownerId });
    expect(empty).toMatchObject({ documentCount: 0n, totalSizeBytes: 0n, documentTypes: [] });
    expect(empty.firstCreatedAt).toBeUndefined();
    for (const [content, documentType] of [
      ["tée", DocumentType.TEXT],
      ["a", DocumentType.TEXT],
      ["b", DocumentType.CHAT],
    ] as const)
      await memory.addDocument({ ownerId, content, documentType, waitUntil: WaitUntil.SEARCHABLE });
    expect(await admin.getOwnerStatistics({ ownerId })).toMatchObject({
      documentCount: 3n,
      chunkCount: 3n,
      totalSizeBytes: 6n,
      embeddedChunkCount: 3n,
      embeddingsPending: 0n,
      embeddingsDead: 0n,
      documentTypes: [
        { documentType: DocumentType.TEXT, documentCount: 2n },
        { documentType: DocumentType.CHAT, documentCount: 1n },
      ],
    });
  });
});

describe.each(testDatabases())("on $name without a worker", (kind) => {
  const running = useService(kind, { LLMEMORY_EMBED_IN_SERVE: "false" });

  test("text search finds a document at once, and the receipt says what vector search does not see", async () => {
    const { memory, search } = running();
    const ownerId = newOwner();
    const added = await memory.addDocument({ ownerId, content: "green tea" });
    expect(added.embeddingsPending).toBe(1);
    const { results, receipt } = await search.search({ ownerId, queryText: "tea" });
    expect(results).toMatchObject([{ content: "green tea", textPosition: 1 }]);
    expect(results[0]?.similarity).toBeUndefined();
    expect(receipt?.degraded).toEqual([Degradation.EMBEDDINGS_PENDING]);
  });

  test("the queue is counted for one owner and for all, most first", async () => {
    const { memory, admin } = running();
    const [busy, idle] = [newOwner(), newOwner()];
    for (const content of ["a", "b"]) await memory.addDocument({ ownerId: busy, content });
    const ofOne = await admin.getEmbeddingQueue({ ownerId: busy });
    expect(ofOne).toMatchObject({ totalSize: 2n, dead: 0n, owners: [{ ownerId: busy, size: 2n, dead: 0n }] });
    expect(ofOne.oldestAge).toBeDefined();
    const ofAll = await admin.getEmbeddingQueue({});
    expect(ofAll.totalSize).toBeGreaterThanOrEqual(2n);
    expect(ofAll.owners[0]).toMatchObject({ ownerId: busy });
    expect(await admin.getEmbeddingQueue({ ownerId: idle })).toMatchObject({ totalSize: 0n, owners: [] });
    expect(await admin.getOwnerStatistics({ ownerId: busy })).toMatchObject({ embeddingsPending: 2n, embeddedChunkCount: 0n });
  });
});

function newOwner(): string {
  return `owner-${randomUUID()}`;
}
