import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { create } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, test } from "vitest";
import { AdminService, ProfileKind } from "#gen/llmemory/v1/admin_service_pb.js";
import { FilterSchema } from "#gen/llmemory/v1/document_pb.js";
import { EmbeddingProvider } from "#gen/llmemory/v1/embedding_model_pb.js";
import { MemoryService, Outcome, WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchService, SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { errorOf } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { type ServiceInUse, useService } from "../support/use-service.ts";
import { IngestClient } from "./ingest-client.ts";

interface Tenants {
  readonly ada: string;
  readonly eve: string;
  /** Ada's document, which Eve knows all about. */
  readonly documentId: string;
}

const idAtOrigin = "diary";
const queryText = "secret diary";

/** What Eve learns, by RPC: nothing that she would not learn if Ada did not exist. */
const attempts: Readonly<Record<string, (service: ServiceInUse, tenants: Tenants) => Promise<void>>> = {
  "MemoryService.GetDocument": async ({ memory }, { eve, documentId }) => {
    const include = { includeContent: true, includeChunks: true, includeEmbeddings: true };
    const foreign = await errorOf(
      memory.getDocument({ ownerId: eve, key: { case: "documentId", value: documentId }, ...include }),
    );
    const absent = { case: "documentId" as const, value: randomUUID() };
    const missing = await errorOf(memory.getDocument({ ownerId: eve, key: absent, ...include }));
    expect(foreign).toMatchObject({ code: "NOT_FOUND", reason: "NOT_FOUND" });
    expect({ ...foreign, message: "" }).toEqual({ ...missing, message: "" });
    expect(foreign.message.replace(documentId, "")).toBe(missing.message.replace(absent.value, ""));
    const byKey = memory.getDocument({ ownerId: eve, key: { case: "idAtOrigin", value: idAtOrigin } });
    expect(await errorOf(byKey)).toMatchObject({ code: "NOT_FOUND" });
  },

  "MemoryService.ReadDocument": async ({ memory }, { eve, documentId }) => {
    const read = async (key: { case: "documentId" | "idAtOrigin"; value: string }) => {
      for await (const _ of memory.readDocument({ ownerId: eve, key }));
    };
    const absent = { case: "documentId" as const, value: randomUUID() };
    const missing = await errorOf(read(absent));
    const foreign = await errorOf(read({ case: "documentId", value: documentId }));
    expect(foreign).toMatchObject({ code: "NOT_FOUND", reason: "NOT_FOUND" });
    expect(foreign.message.replace(documentId, "")).toBe(missing.message.replace(absent.value, ""));
    expect(await errorOf(read({ case: "idAtOrigin", value: idAtOrigin }))).toMatchObject({ code: "NOT_FOUND" });
  },

  "MemoryService.GetChunks": async ({ memory }, { ada, eve, documentId }) => {
    const key = { case: "documentId" as const, value: documentId };
    const { chunks } = await memory.getChunks({ ownerId: ada, key });
    const chunkIds = [chunks[0]?.chunk?.chunkId ?? "", randomUUID()];
    const include = { contextWindow: 10, includeParentContext: true, includeEmbeddings: true };
    expect(await memory.getChunks({ ownerId: eve, chunkIds, ...include })).toMatchObject({
      chunks: [],
      missingChunkIds: chunkIds,
    });
    expect(await errorOf(memory.getChunks({ ownerId: eve, key, ...include }))).toMatchObject({ code: "NOT_FOUND" });
    // Nor does a page of Ada's go on as Eve's.
    const { nextPageToken } = await memory.getChunks({ ownerId: ada, chunkIds, pageSize: 1 });
    expect(nextPageToken).not.toBe("");
    const continued = memory.getChunks({ ownerId: eve, chunkIds, pageSize: 1, pageToken: nextPageToken });
    expect(await errorOf(continued)).toMatchObject({ code: "INVALID_ARGUMENT", fields: ["page_token"] });
  },

  "MemoryService.ListDocuments": async ({ memory }, { ada, eve, documentId }) => {
    const filters = [undefined, { documentIds: [documentId] }, { idsAtOrigin: [idAtOrigin] }];
    for (const filter of filters) {
      const page = await memory.listDocuments({ ownerId: eve, ...(filter && { filter: create(FilterSchema, filter) }) });
      expect(page.documents.map(({ ownerId }) => ownerId)).not.toContain(ada);
    }
    const { nextPageToken } = await memory.listDocuments({ ownerId: ada, pageSize: 1 });
    expect(nextPageToken).not.toBe("");
    expect(await errorOf(memory.listDocuments({ ownerId: eve, pageSize: 1, pageToken: nextPageToken }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      fields: ["page_token"],
    });
  },

  "MemoryService.UpdateDocument": async ({ memory }, { ada, eve, documentId }) => {
    const keys = [
      { case: "documentId" as const, value: documentId },
      { case: "idAtOrigin" as const, value: idAtOrigin },
    ];
    for (const key of keys) {
      const update = memory.updateDocument({ ownerId: eve, key, documentName: "eve was here", expectedVersion: 1_000 });
      expect(await errorOf(update)).toMatchObject({ code: "NOT_FOUND" });
    }
    const { document } = await memory.getDocument({ ownerId: ada, key: { case: "documentId", value: documentId } });
    expect(document?.documentName).not.toBe("eve was here");
  },

  "MemoryService.DeleteDocuments": async ({ memory }, { ada, eve, documentId }) => {
    const choices = [
      { documentIds: [documentId], idsAtOrigin: [idAtOrigin] },
      { filter: create(FilterSchema, { documentIds: [documentId] }) },
    ];
    for (const dryRun of [true, false])
      for (const choice of choices)
        expect(await memory.deleteDocuments({ ownerId: eve, ...choice, dryRun })).toMatchObject({ documentsDeleted: 0n });
    expect(await memory.getDocument({ ownerId: ada, key: { case: "documentId", value: documentId } })).toMatchObject({
      document: { ownerId: ada },
    });
  },

  "MemoryService.DeleteDocument": async ({ memory }, { ada, eve, documentId }) => {
    const byId = memory.deleteDocument({ ownerId: eve, key: { case: "documentId", value: documentId } });
    expect(await errorOf(byId)).toMatchObject({ code: "NOT_FOUND" });
    const byKey = memory.deleteDocument({ ownerId: eve, key: { case: "idAtOrigin", value: idAtOrigin } });
    expect(await errorOf(byKey)).toMatchObject({ code: "NOT_FOUND" });
    expect(await memory.getDocument({ ownerId: ada, key: { case: "documentId", value: documentId } })).toMatchObject({
      document: { ownerId: ada },
    });
  },

  "MemoryService.AddDocument": async ({ memory }, { ada, eve, documentId }) => {
    const added = await memory.addDocument({ ownerId: eve, idAtOrigin, content: "my own diary" });
    expect(added.outcome).toBe(Outcome.CREATED);
    expect(added.document?.documentId).not.toBe(documentId);
    await expectUntouched(memory, ada);
    await memory.deleteDocument({ ownerId: eve, key: { case: "idAtOrigin", value: idAtOrigin } });
  },

  "MemoryService.BatchAddDocuments": async ({ memory }, { ada, eve }) => {
    const documents = [{ ownerId: eve, idAtOrigin, content: "my own diary" }];
    const { results } = await memory.batchAddDocuments({ documents });
    expect(results[0]?.result).toMatchObject({ case: "response", value: { outcome: Outcome.CREATED } });
    await expectUntouched(memory, ada);
    await memory.deleteDocument({ ownerId: eve, key: { case: "idAtOrigin", value: idAtOrigin } });
  },

  "MemoryService.IngestDocuments": async ({ memory }, { ada, eve }) => {
    // Ada has a stream of this name, and it is further on.
    const stream = new IngestClient(memory);
    stream.open({ ownerId: eve, streamId: "notes" });
    expect((await stream.nextDurable()).upToSequence).toBe(0n);
    stream.item(1n, { ownerId: ada, idAtOrigin, content: "forged" });
    const { failures } = await stream.nextDurable();
    expect(failures).toMatchObject([{ sequence: 1n, idAtOrigin }]);
    expect(await stream.end()).toBeUndefined();
    await expectUntouched(memory, ada);
  },

  "SearchService.Search": async ({ search }, { eve, documentId }) => {
    for (const searchType of [SearchType.HYBRID, SearchType.VECTOR, SearchType.TEXT]) {
      for (const filter of [undefined, create(FilterSchema, { documentIds: [documentId] })]) {
        const found = await search.search({ ownerId: eve, queryText, searchType, ...(filter && { filter }) });
        expect(found.results.map((result) => result.documentId)).not.toContain(documentId);
        expect(found.receipt?.ownerChunks).toBe(1n);
        expect(found.receipt?.candidatesText).toBe(0n);
      }
    }
  },

  "SearchService.BatchSearch": async ({ search }, { ada, eve, documentId }) => {
    const filter = create(FilterSchema, { documentIds: [documentId] });
    const { results } = await search.batchSearch({
      searches: [
        { ownerId: eve, queryText },
        { ownerId: ada, queryText },
        { ownerId: eve, queryText, filter },
      ],
    });
    const found = results.map(({ result }) =>
      result.case === "response" ? result.value.results.map((hit) => hit.documentId) : undefined,
    );
    expect(found[0]).not.toContain(documentId);
    expect(found[1]).toContain(documentId);
    expect(found[2]).toEqual([]);
  },

  "SearchService.RecordFeedback": async ({ search }, { ada, eve }) => {
    const { searchId, results } = await search.search({ ownerId: ada, queryText: `${queryText} of Ada` });
    const feedback = [{ chunkId: results[0]?.chunkId ?? "", rating: 1 }];
    const foreign = await errorOf(search.recordFeedback({ ownerId: eve, searchId, feedback }));
    const absent = randomUUID();
    const missing = await errorOf(search.recordFeedback({ ownerId: eve, searchId: absent, feedback }));
    expect(foreign).toMatchObject({ code: "NOT_FOUND", reason: "NOT_FOUND" });
    expect(foreign.message.replace(searchId, "")).toBe(missing.message.replace(absent, ""));
    await search.recordFeedback({ ownerId: ada, searchId, feedback });
  },

  "AdminService.ExplainSearch": async ({ admin }, { eve, documentId }) => {
    const filter = create(FilterSchema, { documentIds: [documentId] });
    for (const explained of [
      await admin.explainSearch({ search: { ownerId: eve, queryText } }),
      await admin.explainSearch({ search: { ownerId: eve, queryText, filter } }),
    ]) {
      expect(explained.response?.results.map((result) => result.documentId)).not.toContain(documentId);
      expect(JSON.stringify(explained.statements.map(({ sql, plan }) => sql + plan))).not.toContain("my secret diary");
    }
  },

  "AdminService.RebuildVectorIndex": async ({ admin }, { ada, eve }) => {
    for await (const { phase } of admin.rebuildVectorIndex({})) {
      expect(phase).not.toContain(ada);
      expect(phase).not.toContain(eve);
    }
  },

  "AdminService.GetOwnerStatistics": async ({ admin }, { eve }) => {
    expect(await admin.getOwnerStatistics({ ownerId: eve })).toMatchObject({ documentCount: 1n, chunkCount: 1n });
  },

  // Operators alone may ask for it: it names owners, and tells nothing of what they have stored.
  "AdminService.RetryDeadJobs": async ({ admin }, { eve }) => {
    expect(await admin.retryDeadJobs({ ownerId: eve })).toMatchObject({ retried: 0n });
  },

  "AdminService.PurgeDeadJobs": async ({ admin }, { eve }) => {
    expect(await admin.purgeDeadJobs({ ownerId: eve })).toMatchObject({ purged: 0n });
  },

  "AdminService.ListEmbeddingModels": async ({ admin }, { ada, eve }) => {
    expectNoOwner(await admin.listEmbeddingModels({}), ada, eve);
  },

  "AdminService.StartModelMigration": async ({ admin }, { ada, eve }) => {
    const reply = await admin.startModelMigration({ provider: EmbeddingProvider.HASHING, dimension: 32 });
    expectNoOwner(reply, ada, eve);
    await admin.dropModel({ modelId: reply.model?.modelId ?? "" });
  },

  "AdminService.WatchModelMigration": async ({ admin }, { ada, eve }) => {
    const watch = async () => {
      for await (const _ of admin.watchModelMigration({ modelId: "none" }));
    };
    expectNoOwner(await errorOf(watch()), ada, eve);
  },

  "AdminService.CompareModels": async ({ admin }, { ada, eve }) => {
    expectNoOwner(await errorOf(admin.compareModels({ modelId: "none" })), ada, eve);
  },

  "AdminService.ActivateModel": async ({ admin }, { ada, eve }) => {
    expectNoOwner(await errorOf(admin.activateModel({ modelId: "none" })), ada, eve);
  },

  "AdminService.RollBackModel": async ({ admin }, { ada, eve }) => {
    expectNoOwner(await errorOf(admin.rollBackModel({ modelId: "none" })), ada, eve);
  },

  "AdminService.DropModel": async ({ admin }, { ada, eve }) => {
    expectNoOwner(await errorOf(admin.dropModel({ modelId: "none" })), ada, eve);
  },

  // A profile names functions of the program; a heap snapshot holds whatever memory does, and is not for tenants.
  "AdminService.CaptureProfile": async ({ admin }, { ada, eve }) => {
    const bytes: Uint8Array[] = [];
    for await (const { event } of admin.captureProfile({ kind: ProfileKind.CPU, duration: { seconds: 1n } }))
      if (event.case === "content") bytes.push(event.value);
    expectNoOwner(JSON.parse(Buffer.concat(bytes).toString()), ada, eve);
  },

  "AdminService.ListOwners": async ({ admin }, { ada }) => {
    const { owners } = await admin.listOwners({ pageSize: 500 });
    expect(owners.find(({ ownerId }) => ownerId === ada)).toMatchObject({ documentCount: 3n });
  },

  "AdminService.GetConfiguration": async ({ admin }, { ada, eve }) => {
    expectNoOwner(await admin.getConfiguration({}), ada, eve);
  },

  "AdminService.GetHealthReport": async ({ admin }, { ada, eve }) => {
    expectNoOwner(await admin.getHealthReport({ force: true }), ada, eve);
  },

  "AdminService.GetPoolStats": async ({ admin }, { ada, eve }) => {
    expectNoOwner(await admin.getPoolStats({}), ada, eve);
  },

  "AdminService.GetEmbeddingHealth": async ({ admin }, { ada, eve }) => {
    expectNoOwner(await admin.getEmbeddingHealth({ force: true }), ada, eve);
  },

  "AdminService.GetEmbeddingQueue": async ({ admin }, { eve }) => {
    const { owners } = await admin.getEmbeddingQueue({ ownerId: eve });
    expect(owners.filter(({ ownerId }) => ownerId !== eve)).toEqual([]);
  },
};

test("every RPC is tried", () => {
  const methods = [MemoryService, SearchService, AdminService].flatMap((service) =>
    service.methods.map((method) => `${service.name}.${method.name}`),
  );
  expect(Object.keys(attempts).toSorted()).toEqual(methods.toSorted());
});

describe.each(testDatabases())("on $name, another tenant's ids give nothing through", (kind) => {
  const running = useService(kind);
  let tenants: Tenants;

  beforeAll(async () => {
    const { memory } = running();
    const [ada, eve] = [`ada-${randomUUID()}`, `eve-${randomUUID()}`];
    const waitUntil = WaitUntil.SEARCHABLE;
    const { document } = await memory.addDocument({ ownerId: ada, idAtOrigin, content: "my secret diary", waitUntil });
    await memory.addDocument({ ownerId: ada, idAtOrigin: "other", content: "another page", waitUntil });
    await memory.addDocument({ ownerId: eve, idAtOrigin: "own", content: "shopping list", waitUntil });
    const stream = new IngestClient(memory);
    stream.open({ ownerId: ada, streamId: "notes" });
    await stream.nextDurable();
    stream.item(1n, { idAtOrigin: "streamed", content: "a note" });
    expect((await stream.nextDurable()).upToSequence).toBe(1n);
    await stream.end();
    tenants = { ada, eve, documentId: document?.documentId ?? "" };
  });

  test.each(Object.entries(attempts))("%s", async (_method, attempt) => {
    await attempt(running(), tenants);
  });
});

function expectNoOwner(reply: object, ...owners: readonly string[]): void {
  const text = inspect(reply, { depth: Number.POSITIVE_INFINITY });
  for (const owner of owners) expect(text).not.toContain(owner);
}

async function expectUntouched(memory: ServiceInUse["memory"], ada: string): Promise<void> {
  const key = { case: "idAtOrigin" as const, value: idAtOrigin };
  const { content, document } = await memory.getDocument({ ownerId: ada, key, includeContent: true });
  expect({ content, version: document?.version }).toEqual({ content: "my secret diary", version: 1 });
}
