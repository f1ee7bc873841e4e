import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { EmbeddingModelState, EmbeddingProvider } from "#gen/llmemory/v1/embedding_model_pb.js";
import { WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { type SearchResponse, SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { connectTo, type RpcClients } from "../support/rpc-clients.ts";
import { runLlmemory } from "../support/run-llmemory.ts";
import { type Service, startService } from "../support/service.ts";
import { realPostgres } from "../support/test-storage.ts";

const [first, second] = ["hashing/384", "hashing/256"];
const target = { provider: EmbeddingProvider.HASHING, dimension: 256 };
const ownerId = "ada";
const words = ["tea", "coffee", "milk", "water", "juice", "wine", "beer", "cocoa", "cider", "broth"];

/** A sentence that is told from the others by its number, and by its word from most. */
function sentence(index: number): string {
  return `${words[index % words.length]} number n${index} was drunk with a guest`;
}

/** Vectors of two models never meet: the similarity is what the model of the receipt gives. Stored with 16 bits on a server. */
function expectOfOneModel({ receipt, results }: SearchResponse, query: string): void {
  const dimension = Number(receipt?.model.split("/")[1]);
  const vector = embedHashedWords(query, dimension);
  for (const { content, similarity } of results) {
    const expected = embedHashedWords(content, dimension).reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0);
    expect(similarity).toBeCloseTo(expected, 2);
  }
}

async function stored({ memory }: RpcClients, count: number): Promise<void> {
  const documents = Array.from({ length: count }, (_, index) => ({ ownerId, idAtOrigin: `d${index}`, content: sentence(index) }));
  await memory.batchAddDocuments({ documents });
}

async function untilEmbedded({ admin }: RpcClients): Promise<void> {
  while ((await admin.getEmbeddingQueue({})).totalSize > 0n) await sleep(50);
}

/** The state in which watching a model ends. */
async function watchToEnd({ admin }: RpcClients, modelId = ""): Promise<EmbeddingModelState | undefined> {
  let state: EmbeddingModelState | undefined;
  for await (const { model } of admin.watchModelMigration({ modelId })) state = model?.state;
  return state;
}

describe.each(testDatabases())("changing the embedding model on $name", ({ create }) => {
  it("goes on under writes and searches, none of which mixes models or fails, and goes back and forth", async () => {
    const database = await create();
    const service = await startService({ database });
    const clients = connectTo(service);
    const { memory, search, admin } = clients;
    try {
      await stored(clients, 200);
      const busy = new AbortController();
      const written = { adds: 0, updates: 0, deletes: 0 };
      const writing = (async () => {
        for (let index = 200; !busy.signal.aborted; index++) {
          await memory.addDocument({ ownerId, idAtOrigin: `d${index}`, content: sentence(index) });
          written.adds++;
          await memory.addDocument({ ownerId, idAtOrigin: `d${index % 50}`, content: `${sentence(index)} again` });
          written.updates++;
          await memory.deleteDocument({ ownerId, key: { case: "idAtOrigin", value: `d${index - 150}` } });
          written.deletes++;
        }
      })();
      const models = new Set<string>();
      const searching = [0, 1, 2].map(async (searcher) => {
        for (let round = searcher; !busy.signal.aborted; round++) {
          const queryText = `${words[round % words.length]} with a guest ${round}`;
          const answer = await search.search({ ownerId, queryText, searchType: SearchType.VECTOR });
          expectOfOneModel(answer, queryText);
          expect(answer.results).toHaveLength(10);
          models.add(answer.receipt?.model ?? "");
        }
      });
      const { model } = await admin.startModelMigration(target);
      expect(model).toMatchObject({ modelId: second, dimension: 256, tableName: "embeddings_hashing_256" });
      expect(await watchToEnd(clients)).toBe(EmbeddingModelState.READY);
      await expect(admin.activateModel({})).rejects.toThrow(/was not compared with the active one/);
      const { comparison } = await admin.compareModels({ queryCount: 20 });
      expect(comparison).toMatchObject({ comparedWith: first, queryCount: 20 });
      expect(models).toEqual(new Set([first]));

      const { active, retired } = await admin.activateModel({});
      expect([active?.modelId, retired?.modelId]).toEqual([second, first]);
      // Whoever asks from now on is answered by the new one.
      const after = await search.search({ ownerId, queryText: "tea", searchType: SearchType.VECTOR });
      expect(after.receipt?.model).toBe(second);
      await sleep(300);
      const back = await admin.rollBackModel({});
      expect([back.active?.modelId, back.retired?.modelId]).toEqual([first, second]);
      expect((await search.search({ ownerId, queryText: "tea" })).receipt?.model).toBe(first);
      await sleep(300);
      expect((await admin.rollBackModel({})).active?.modelId).toBe(second);
      busy.abort();
      await Promise.all([writing, ...searching]);
      expect(models).toEqual(new Set([first, second]));
      expect(Math.min(...Object.values(written))).toBeGreaterThan(5);

      await untilEmbedded(clients);
      const counted = await admin.getOwnerStatistics({ ownerId });
      expect(counted).toMatchObject({ embeddedChunkCount: counted.chunkCount, embeddingsPending: 0n, embeddingsMissing: 0n });
      const { models: listed } = await admin.listEmbeddingModels({});
      expect(listed.map(({ modelId, chunksDone, chunksTotal }) => [modelId, chunksTotal - chunksDone])).toEqual([
        [second, 0n],
        [first, 0n],
      ]);

      await admin.dropModel({ modelId: first });
      const late = { ownerId, idAtOrigin: "late", content: "ginger ale was drunk", waitUntil: WaitUntil.SEARCHABLE };
      expect((await memory.addDocument(late)).embeddingsPending).toBe(0);
      const found = await search.search({ ownerId, queryText: "ginger ale", searchType: SearchType.VECTOR, limit: 1 });
      expect([found.results[0]?.idAtOrigin, found.receipt?.model]).toEqual(["late", second]);
      await expect(admin.rollBackModel({})).rejects.toThrow(/no embedding model was active before/);
    } finally {
      clients.close();
      await service.stop();
      await database.drop();
    }
  }, 120_000);

  it("is gone on with after a kill in the middle, and by a start whose settings name the old model", async () => {
    const database = await create();
    const total = 4_000;
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      for (let part = 0; part < total / 500; part++) {
        const content = Array.from({ length: 500 }, (_, index) => `[10:00] Ada: ${sentence(part * 500 + index)}`).join("\n");
        await clients.memory.addDocument({ ownerId, idAtOrigin: `chat ${part}`, content, documentType: 9 });
      }
      await untilEmbedded(clients);
      await clients.admin.startModelMigration(target);
      for (;;) {
        const { models } = await clients.admin.listEmbeddingModels({});
        if ((models[1]?.chunksDone ?? 0n) > 0n) break;
      }
      await service.kill("SIGKILL");
      clients.close();
    }
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      const [, building] = (await clients.admin.listEmbeddingModels({})).models;
      expect(building).toMatchObject({ modelId: second, chunksTotal: BigInt(total) });
      expect(building?.state).toBe(EmbeddingModelState.BUILDING);
      expect(await watchToEnd(clients)).toBe(EmbeddingModelState.READY);
      await clients.admin.activateModel({ force: true });
      const statistics = await clients.admin.getOwnerStatistics({ ownerId });
      expect(statistics).toMatchObject({ chunkCount: BigInt(total), embeddedChunkCount: BigInt(total), embeddingsPending: 0n });
      clients.close();
    }
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      const answer = await clients.search.search({ ownerId, queryText: "cocoa with a guest", searchType: SearchType.VECTOR });
      expect(answer.receipt?.model).toBe(second);
      expectOfOneModel(answer, "cocoa with a guest");
      expect(service.stderr()).toMatch(/settings name another embedding model .* llmemory model start/);
      clients.close();
    }
    await database.drop();
  }, 240_000);

  it("is done from the command line", async () => {
    const database = await create();
    const service = await startService({ database });
    const clients = connectTo(service);
    try {
      await stored(clients, 20);
      const model = (...args: string[]) => runLlmemory(["model", ...args, "--address", service.grpcAddress]);
      expect(await model("start", "hashing/256")).toMatchObject({
        exitCode: 0,
        stdout: "The vectors of hashing/256 are being built.\n",
      });
      expect(await model("start", "hashing/128")).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("is under way") });
      expect(await model("watch")).toMatchObject({ exitCode: 0, stdout: "hashing/256 is ready.\n" });
      const compared = JSON.parse((await model("compare", "--queries", "7", "--json")).stdout);
      expect(compared.comparison).toMatchObject({ comparedWith: first, queryCount: 7 });
      expect((await model("compare")).stdout).toMatch(
        /^compared with +hashing\/384\nqueries +20 \(0 from the search history, 20 from chunks\)/,
      );
      expect(await model("activate")).toMatchObject({ exitCode: 0, stdout: "Searches use hashing/256.\n" });
      const rows = (await model("list")).stdout.split("\n");
      expect(rows[1]).toMatch(/^hashing\/256 +active +256 +20 +20 +0 +0 .*embeddings_hashing_256$/);
      expect(rows[2]).toMatch(/^hashing\/384 +retired +384 +20 +20 +0 +0 /);
      expect((await model("rollback", "--json")).stdout).toMatch(/"active":{"modelId":"hashing\/384"/);
      expect(await model("drop", "hashing/384", "--yes")).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("active"),
      });
      expect(await model("drop", "hashing/256")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--yes") });
      expect(await model("drop", "hashing/256", "--yes")).toMatchObject({ exitCode: 0 });
      const { models } = JSON.parse((await model("list", "--json")).stdout);
      expect(models).toMatchObject([{ modelId: first, state: "EMBEDDING_MODEL_STATE_ACTIVE" }]);
      expect(await model("start", "word2vec/x")).toMatchObject({ exitCode: 2 });
    } finally {
      clients.close();
      await service.stop();
      await database.drop();
    }
  }, 240_000);
});

describe.skipIf(!hasRealPostgres())("changing the embedding model of several processes", () => {
  it("switches all of them at once", async () => {
    const database = await realPostgres.create();
    const services: Service[] = [await startService({ database })];
    services.push(await startService({ database }));
    const [one, other] = services.map((service) => connectTo(service));
    try {
      if (!one || !other) throw new Error("two services run");
      await stored(one, 50);
      await one.admin.startModelMigration(target);
      expect(await watchToEnd(other)).toBe(EmbeddingModelState.READY);
      const modelOf = async ({ search }: RpcClients) => {
        const queryText = `tea ${randomUUID()}`;
        const answer = await search.search({ ownerId, queryText, searchType: SearchType.VECTOR });
        expectOfOneModel(answer, queryText);
        return answer.receipt?.model;
      };
      expect([await modelOf(one), await modelOf(other)]).toEqual([first, first]);
      await one.admin.activateModel({ force: true });
      expect([await modelOf(other), await modelOf(one)]).toEqual([second, second]);
      // The other process has not looked at the registry yet.
      await other.admin.rollBackModel({});
      expect([await modelOf(one), await modelOf(other)]).toEqual([first, first]);
      await other.admin.dropModel({ modelId: second });
      expect([await modelOf(one), await modelOf(other)]).toEqual([first, first]);
    } finally {
      one?.close();
      other?.close();
      for (const service of services) await service.stop();
      await database.drop();
    }
  }, 120_000);
});
