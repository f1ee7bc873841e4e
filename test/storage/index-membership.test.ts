import { describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import {
  changeMembership,
  exactChunksMax,
  findLargeOwners,
  findOwnersToIndex,
  findOwnersToUnindex,
} from "../../src/storage/index-membership.ts";
import { readChunks } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";
import { countMembers, nearestInIndex, ownerWithVectors } from "../support/vector-index.ts";

describe.each(testDatabases())("membership in the approximate index on $name", (kind) => {
  const storage = useStorage(kind);

  async function change(ownerId: string, indexed: boolean, count = 100, afterChunkId?: string) {
    return await changeMembership(storage().database, storage().table, { ownerId, indexed, count, afterChunkId });
  }

  it("begins outside, and is taken up batch by batch in the order of ids", async () => {
    const ownerId = await ownerWithVectors(storage(), 25);
    expect(await countMembers(storage(), ownerId)).toEqual({ indexed: 0, unindexed: 25 });
    const first = await change(ownerId, true, 10);
    expect(first.count).toBe(10);
    const second = await change(ownerId, true, 10, first.lastChunkId);
    expect(second.count).toBe(10);
    expect(second.lastChunkId && first.lastChunkId && second.lastChunkId > first.lastChunkId).toBe(true);
    expect((await change(ownerId, true, 10, second.lastChunkId)).count).toBe(5);
    expect(await change(ownerId, true)).toEqual({ count: 0, lastChunkId: undefined });
    expect(await countMembers(storage(), ownerId)).toEqual({ indexed: 25, unindexed: 0 });
  });

  it("lets the index find a row, and stops doing so when the row is taken out", async () => {
    const ownerId = newOwner();
    const [stored] = await store(storage().database, [{ ownerId, leaves: ["red fox", "blue sea", "green hill"] }]);
    await embedWaiting(storage());
    const chunks = stored ? await readChunks(storage().database, stored.document, { embeddingsOf: undefined }) : [];
    const sea = chunks.find((chunk) => chunk.content === "blue sea");
    const find = () => nearestInIndex(storage(), ownerId, embedHashedWords("blue sea", dimension));
    expect((await find()).chunkId).toBeUndefined();
    await change(ownerId, true);
    const found = await find();
    expect(found.chunkId).toBe(sea?.chunkId);
    expect(found.indexes).toEqual([expect.stringMatching(/^embeddings_hashing_64(_\d)?_hnsw$/)]);
    await change(ownerId, false);
    expect((await find()).chunkId).toBeUndefined();
  });

  it("changes for one owner alone", async () => {
    const [one, other] = [await ownerWithVectors(storage(), 3), await ownerWithVectors(storage(), 3)];
    await change(one, true);
    expect(await countMembers(storage(), one)).toEqual({ indexed: 3, unindexed: 0 });
    expect(await countMembers(storage(), other)).toEqual({ indexed: 0, unindexed: 3 });
  });

  it("is due for owners above the switch with rows outside, largest first", async () => {
    const { database, table } = storage();
    const [large, larger, small] = [
      await ownerWithVectors(storage(), 41),
      await ownerWithVectors(storage(), 60),
      await ownerWithVectors(storage(), 40),
    ];
    const find = (count = 10) => findOwnersToIndex(database, table, { chunksMax: 40, count });
    expect(await find()).toEqual([larger, large]);
    expect(await find(1)).toEqual([larger]);
    await change(larger, true);
    expect(await find()).toEqual([large]);
    expect(await findLargeOwners(database, [small, large, newOwner()], { chunksMax: 40 })).toEqual([large]);
    await change(large, true);
    expect(await find()).toEqual([]);
  });

  it("is over for owners below a size with rows inside, those without any chunk included", async () => {
    const { database, table } = storage();
    const find = async (chunksBelow: number, count = 1_000) => await findOwnersToUnindex(database, table, { chunksBelow, count });
    for (const ownerId of await find(Number.MAX_SAFE_INTEGER)) await change(ownerId, false);
    const [one, two, outside] = [
      await ownerWithVectors(storage(), 10),
      await ownerWithVectors(storage(), 20),
      await ownerWithVectors(storage(), 5),
    ];
    await change(one, true);
    await change(two, true);
    expect(await find(10)).toEqual([]);
    expect(await find(11)).toEqual([one]);
    expect(await find(100)).toEqual([one, two].sort());
    expect(await find(100, 1)).toHaveLength(1);
    await database.query("forget", "delete from owner_counters where owner_id = $1", [two]);
    expect(await find(10)).toEqual([two]);
    expect(outside).toBeDefined();
    await change(one, false);
    await change(two, false);
    expect(await find(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it("of a row that gets another vector begins anew", async () => {
    const { database, table } = storage();
    const ownerId = await ownerWithVectors(storage(), 2);
    await change(ownerId, true);
    await database.query(
      "enqueue",
      `insert into embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, created_at)
       select owner_id, chunk_id, $2, 'pending', 0, $3, $3 from ${table.tableName} where owner_id = $1`,
      [ownerId, table.modelId, new Date(0)],
    );
    await embedWaiting(storage());
    expect(await countMembers(storage(), ownerId)).toEqual({ indexed: 0, unindexed: 2 });
  });

  it("changes no more rows than asked for where the planner expects a single one", async () => {
    const { database, table } = storage();
    await ownerWithVectors(storage(), 50);
    await database.query("analyze", `analyze ${table.tableName}`);
    const ownerId = await ownerWithVectors(storage(), 25);
    const done = await database.transaction(
      (transaction) => changeMembership(transaction, table, { ownerId, indexed: true, count: 10, afterChunkId: undefined }),
      { settings: { enable_hashjoin: "off", enable_mergejoin: "off", enable_material: "off" } },
    );
    expect(done.count).toBe(10);
    expect(await countMembers(storage(), ownerId)).toEqual({ indexed: 10, unindexed: 15 });
  });
});

describe("the switch between the plans", () => {
  it.each([
    { dimension: 384, onServer: 10_000 },
    { dimension: 1_536, onServer: 2_500 },
    { dimension: 3_072, onServer: 1_250 },
  ])("is at $onServer chunks of $dimension dimensions on a server", ({ dimension: components, onServer }) => {
    expect(exactChunksMax({ dimension: components }, "postgres")).toBe(onServer);
    expect(exactChunksMax({ dimension: components }, "embedded")).toBe(10_000);
  });
});
