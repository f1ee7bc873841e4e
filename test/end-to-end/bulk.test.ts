import { describe, expect, test } from "vitest";
import { WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { testDatabases } from "../support/databases.ts";
import { connectTo, type RpcClients } from "../support/rpc-clients.ts";
import { startService } from "../support/service.ts";
import { IngestClient } from "./ingest-client.ts";

const ownerId = "ada";
const streamId = "load";
const documentCount = 3_000;
/** What the service runs with. */
const model = { name: "hashing/384", dimension: 384 };

function documentOf(sequence: number) {
  const content = `Note number${sequence} speaks of topic${sequence % 17} and of tea.`;
  const values = [...embedHashedWords(content, model.dimension)];
  return { idAtOrigin: `note-${sequence}`, content, language: "en", embedding: { model: model.name, vectors: [{ values }] } };
}

/** Opens the load, where it was, and sends all that is left. */
async function openLoad(memory: RpcClients["memory"]): Promise<{ stream: IngestClient; startedAt: number }> {
  const stream = new IngestClient(memory);
  stream.open({ ownerId, streamId, bulk: true, waitUntil: WaitUntil.SEARCHABLE });
  const startedAt = Number((await stream.nextDurable()).upToSequence);
  for (let sequence = startedAt + 1; sequence <= documentCount; sequence++) stream.item(BigInt(sequence), documentOf(sequence));
  return { stream, startedAt };
}

describe.each(testDatabases())("a bulk load on $name", ({ create }) => {
  test("is gone on with after the service was killed in the middle: everything is stored once, and found", async () => {
    const database = await create();
    let acknowledged = 0n;
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      const { stream } = await openLoad(clients.memory);
      while (acknowledged === 0n) acknowledged = (await stream.nextDurable()).upToSequence;
      await service.kill("SIGKILL");
      // What had been said before it died counts as well.
      await stream.failure();
      clients.close();
    }
    expect(acknowledged).toBeLessThan(BigInt(documentCount));
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      const statistics = () => clients.admin.getOwnerStatistics({ ownerId });
      expect((await statistics()).documentCount).toBeGreaterThanOrEqual(acknowledged);
      const { stream, startedAt } = await openLoad(clients.memory);
      expect(startedAt).toBeGreaterThanOrEqual(Number(acknowledged));
      expect(await stream.durableUpTo(BigInt(documentCount))).toEqual([]);
      expect(await stream.end()).toBeUndefined();
      expect(await statistics()).toMatchObject({
        documentCount: BigInt(documentCount),
        chunkCount: BigInt(documentCount),
        embeddedChunkCount: BigInt(documentCount),
        embeddingsPending: 0n,
      });
      expect(await versionsOf(clients)).toEqual([1]);
      for (const searchType of [SearchType.VECTOR, SearchType.TEXT]) {
        for (const sequence of [1, startedAt, startedAt + 1, documentCount]) {
          // Some words meet in one component of the hashed vectors.
          const { results } = await clients.search.search({ ownerId, queryText: `number${sequence}`, searchType, limit: 50 });
          expect(results.map(({ idAtOrigin }) => idAtOrigin)).toContain(`note-${sequence}`);
        }
      }
      clients.close();
    }
    await database.drop();
  }, 180_000);

  test("lets other adds of the owner through, and the later of two writes of one key stays", async () => {
    const database = await create();
    await using service = await startService({ database });
    const clients = connectTo(service);
    const stream = new IngestClient(clients.memory);
    stream.open({ ownerId, streamId, bulk: true });
    await stream.nextDurable();
    const added = await clients.memory.addDocument({ ownerId, idAtOrigin: "meanwhile", content: "tea" });
    expect(added.document?.version).toBe(1);
    stream.item(1n, { idAtOrigin: "meanwhile", content: "coffee" });
    await stream.durableUpTo(1n);
    await stream.cut();
    const key = { case: "idAtOrigin" as const, value: "meanwhile" };
    const { document, content } = await clients.memory.getDocument({ ownerId, key, includeContent: true });
    expect({ version: document?.version, content }).toEqual({ version: 2, content: "coffee" });
    clients.close();
    await service.stop();
    await database.drop();
  });
});

/** The versions that documents have: one beyond 1 was stored twice. */
async function versionsOf({ memory }: RpcClients): Promise<number[]> {
  const versions = new Set<number>();
  for (let pageToken = ""; ; ) {
    const page = await memory.listDocuments({ ownerId, pageSize: 500, pageToken });
    for (const { version } of page.documents) versions.add(version);
    if (page.nextPageToken === "") return [...versions];
    pageToken = page.nextPageToken;
  }
}
