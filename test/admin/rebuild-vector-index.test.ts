import { afterEach, describe, expect, it } from "vitest";
import { type RebuildProgress, rebuildVectorIndex } from "../../src/admin/rebuild-vector-index.ts";
import { CancelledError, ConflictError } from "../../src/domain/errors.ts";
import { efSearchOf, type IndexProfile } from "../../src/domain/index-profile.ts";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import { readIndexProfile } from "../../src/storage/embedding-models.ts";
import { changeMembership } from "../../src/storage/index-membership.ts";
import { listPartitions } from "../../src/storage/vector-index.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";
import { countMembers, nearestInIndex, ownerWithVectors, readVectorIndexes } from "../support/vector-index.ts";

/** The switch of these tests. */
const chunksMax = 10;

const options: Readonly<Record<IndexProfile, string>> = {
  fast: " WITH (m='8', ef_construction='80') WHERE indexed",
  balanced: " WITH (m='16', ef_construction='200') WHERE indexed",
  accurate: " WITH (m='32', ef_construction='400') WHERE indexed",
};

describe.each(testDatabases())("rebuilding the approximate index on $name", (kind) => {
  const storage = useStorage(kind);

  /** Every test begins with the index that the table was made with. */
  afterEach(async () => {
    await rebuildAll("balanced");
  });

  async function rebuildAll(profile: IndexProfile, signal = never): Promise<RebuildProgress[]> {
    const all: RebuildProgress[] = [];
    for await (const progress of rebuildVectorIndex(storage(), profile, signal, chunksMax)) all.push(progress);
    return all;
  }

  /** Identities of the index files, which a rebuild changes. */
  async function readFileNodes(): Promise<Map<string, number>> {
    const { rows } = await storage().database.query<{ name: string; node: number }>(
      "read_file_nodes",
      "select relname as name, relfilenode::integer as node from pg_class where relname like 'embeddings%hnsw%'",
    );
    return new Map(rows.map((row) => [row.name, row.node]));
  }

  async function expectIndexes(profile: IndexProfile): Promise<void> {
    const partitions = await listPartitions(storage().database, storage().table);
    expect(await readVectorIndexes(storage())).toEqual(
      partitions.map((partition) => ({ name: `${partition}_hnsw`, definition: options[profile], is_valid: true })),
    );
  }

  async function ownerInIndex(count: number): Promise<string> {
    const ownerId = await ownerWithVectors(storage(), count);
    await changeMembership(storage().database, storage().table, { ownerId, indexed: true, count, afterChunkId: undefined });
    return ownerId;
  }

  /** Looks for each vector of the owner in the index. A graph of this kind may leave a node that no other leads to. */
  async function expectEachFound(ownerId: string): Promise<void> {
    const { database, table } = storage();
    const { rows } = await database.query<{ chunk_id: string; vector: string }>(
      "read_vectors",
      `select chunk_id, embedding::text as vector from ${table.tableName} where owner_id = $1 and indexed`,
      [ownerId],
    );
    expect(rows.length).toBeGreaterThan(0);
    let foundCount = 0;
    for (const row of rows) {
      const found = await nearestInIndex(storage(), ownerId, Float32Array.from(JSON.parse(row.vector) as number[]));
      if (found.chunkId === row.chunk_id) foundCount++;
      expect(found.indexes).toEqual([expect.stringMatching(/^embeddings_hashing_64(_\d)?_hnsw$/)]);
    }
    expect(foundCount).toBeGreaterThanOrEqual(rows.length * 0.9);
  }

  it.each(["fast", "accurate"] as const)("makes every index %s, and searches use it", async (profile) => {
    const ownerId = await ownerInIndex(40);
    const before = await readFileNodes();
    const progress = await rebuildAll(profile);
    await expectIndexes(profile);
    const after = await readFileNodes();
    for (const [name, node] of before) expect(after.get(name)).not.toBe(node);
    expect(await countMembers(storage(), ownerId)).toEqual({ indexed: 40, unindexed: 0 });
    await expectEachFound(ownerId);
    expect(await readIndexProfile(storage().database, storage().table)).toBe(profile);
    const partitionsTotal = before.size;
    expect(progress.at(0)).toMatchObject({ partitionsDone: 0, partitionsTotal });
    expect(progress.at(-1)).toEqual({ phase: "finished", partitionsDone: partitionsTotal, partitionsTotal });
    const done = progress.map(({ partitionsDone }) => partitionsDone);
    expect(done).toEqual(done.toSorted((left, right) => left - right));
  });

  it("builds all of it anew if it is of the profile already", async () => {
    const before = await readFileNodes();
    await rebuildAll("balanced");
    const after = await readFileNodes();
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, node] of before) expect(after.get(name)).not.toBe(node);
    await expectIndexes("balanced");
  });

  it("loses nothing that is written, deleted, put in or taken out meanwhile", async () => {
    const { database, table } = storage();
    const [standing, moving] = [await ownerInIndex(60), await ownerInIndex(30)];
    let isRunning = true;
    const ownerId = newOwner();
    let stored = 0;
    const write = async () => {
      for (let index = 0; isRunning && index < 200; index++) {
        const idAtOrigin = `document ${index}`;
        await store(database, [{ ownerId, idAtOrigin, leaves: [`first of ${index}`, `second of ${index}`] }]);
        await embedWaiting(storage());
        await changeMembership(database, table, { ownerId, indexed: true, count: 10, afterChunkId: undefined });
        const indexed = index % 2 === 0;
        await changeMembership(database, table, { ownerId: moving, indexed: !indexed, count: 7, afterChunkId: undefined });
        if (index % 3 === 0)
          await database.transaction((transaction) => deleteDocument(transaction, { ownerId, idAtOrigin }, new Date()));
        else stored += 2;
      }
    };
    const writing = write();
    const rebuilding = rebuildAll("fast").finally(() => {
      isRunning = false;
    });
    await Promise.all([writing, rebuilding]);
    expect(stored).toBeGreaterThan(0);
    const { indexed, unindexed } = await countMembers(storage(), ownerId);
    expect(indexed + unindexed).toBe(stored);
    expect(await countMembers(storage(), standing)).toEqual({ indexed: 60, unindexed: 0 });
    for (const each of [standing, moving, ownerId]) {
      await changeMembership(database, table, { ownerId: each, indexed: true, count: 1_000, afterChunkId: undefined });
      await expectEachFound(each);
    }
    await expectIndexes("fast");
  });

  it("is done by one at a time", async () => {
    const running = rebuildVectorIndex(storage(), "fast", never, chunksMax);
    await running.next();
    const second = rebuildAll("accurate");
    await expect(second).rejects.toThrow(ConflictError);
    await expect(second).rejects.toMatchObject({ reason: "INDEX_REBUILD_RUNNING" });
    for await (const _ of running);
    await expectIndexes("fast");
    expect((await rebuildAll("accurate")).at(-1)?.phase).toBe("finished");
  });

  it("keeps the old profile while it is not finished, and is gone on with after its caller has left", async () => {
    const ownerId = await ownerInIndex(40);
    const left = rebuildVectorIndex(storage(), "fast", never, chunksMax);
    await left.next();
    await left.next();
    await left.return();
    expect(await readIndexProfile(storage().database, storage().table)).toBe("balanced");
    const caller = new AbortController();
    const aborted = rebuildVectorIndex(storage(), "fast", caller.signal, chunksMax);
    await aborted.next();
    caller.abort();
    await expect(aborted.next()).rejects.toThrow(CancelledError);
    expect(await readIndexProfile(storage().database, storage().table)).toBe("balanced");
    expect((await rebuildAll("fast")).at(-1)?.phase).toBe("finished");
    await expectIndexes("fast");
    expect(await countMembers(storage(), ownerId)).toEqual({ indexed: 40, unindexed: 0 });
    await expectEachFound(ownerId);
  });
});

describe("what a search keeps at least", () => {
  it.each([
    { profile: "fast", efSearch: 40 },
    { profile: "balanced", efSearch: 100 },
    { profile: "accurate", efSearch: 200 },
  ] as const)("is $efSearch candidates where the index is $profile", ({ profile, efSearch }) => {
    expect(efSearchOf(profile)).toBe(efSearch);
  });
});
