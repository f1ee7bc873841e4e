import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { claimJobs, completeJobs } from "../../src/storage/embedding-jobs.ts";
import { readChunks } from "../../src/storage/read-documents.ts";
import { type PreparedDocument, type StoreResult, storeDocuments } from "../../src/storage/store-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { type Sketch, sketch } from "../support/prepared-documents.ts";
import { dimension, embedWaiting, newOwner, recordStatements, type TestStorage, useStorage } from "../support/test-storage.ts";
import { countMembers } from "../support/vector-index.ts";

/** A vector that no text has: all its length is in one component. */
function axis(index: number): Float32Array {
  const vector = new Float32Array(dimension);
  vector[index] = 1;
  return vector;
}

/** Leaves get the vectors in their order, as far as there are any. */
function withVectors(given: Sketch, vectors: readonly (Float32Array | undefined)[]): PreparedDocument {
  const prepared = sketch(given);
  const chunks = prepared.chunks.map((chunk) => (chunk.level === 0 ? { ...chunk, embedding: vectors[chunk.index] } : chunk));
  return { ...prepared, fingerprint: Buffer.from(randomUUID()), chunks };
}

async function add({ database, table }: TestStorage, ...documents: readonly PreparedDocument[]): Promise<StoreResult> {
  const options = { table, now: new Date() };
  const [result] = await database.transaction((transaction) => storeDocuments(transaction, documents, options));
  if (!result) throw new Error("nothing was stored");
  return result;
}

async function leavesOf({ database, table }: TestStorage, { document }: StoreResult) {
  const chunks = await readChunks(database, document, { embeddingsOf: table });
  return chunks.filter((chunk) => chunk.level === 0);
}

async function countJobs({ database }: TestStorage, ownerId: string): Promise<number> {
  return (await database.query("count", "select 1 from embedding_jobs where owner_id = $1", [ownerId])).rowCount;
}

describe.each(testDatabases())("vectors of the client's own on $name", (kind) => {
  const storage = useStorage(kind);

  it("are stored with their chunks, outside of the approximate index, and make no jobs; leaves without get one", async () => {
    const ownerId = newOwner();
    const document = withVectors({ ownerId, leaves: ["a", "b", "c"], parents: [3] }, [axis(1), undefined, axis(3)]);
    const stored = await add(storage(), document);
    const leaves = await leavesOf(storage(), stored);
    expect(leaves.map((leaf) => leaf.embedding)).toEqual([[...axis(1)], undefined, [...axis(3)]]);
    expect(await countJobs(storage(), ownerId)).toBe(1);
    expect(await countMembers(storage(), ownerId)).toEqual({ indexed: 0, unindexed: 2 });
    await embedWaiting(storage());
  });

  it("replace the vectors of chunks that stay, and take the job away from those that wait", async () => {
    const { database, table } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "again" };
    const before = await leavesOf(storage(), await add(storage(), withVectors({ ...key, leaves: ["a", "b"] }, [axis(1)])));
    await database.query("index_all", `update ${table.tableName} set indexed = true where owner_id = $1`, [key.ownerId]);
    const again = await add(storage(), withVectors({ ...key, leaves: ["a", "b"] }, [axis(5), axis(6)]));
    expect(again).toMatchObject({ chunksCreated: 0, chunksKept: 2, chunksRemoved: 0 });
    const after = await leavesOf(storage(), again);
    expect(after.map((leaf) => leaf.chunkId)).toEqual(before.map((leaf) => leaf.chunkId));
    expect(after.map((leaf) => leaf.embedding)).toEqual([[...axis(5)], [...axis(6)]]);
    expect(await countJobs(storage(), key.ownerId)).toBe(0);
    // The graph knows only the old vector.
    expect(await countMembers(storage(), key.ownerId)).toEqual({ indexed: 0, unindexed: 2 });
  });

  it("stay when a worker comes back with what it made of the same chunk", async () => {
    const { database, table } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "late", leaves: ["late leaf"] };
    await add(storage(), withVectors(key, []));
    const lease = { leaseId: randomUUID(), modelId: table.modelId };
    const now = new Date();
    const jobs = await claimJobs(database, lease, { count: 10, now, leaseUntil: new Date(now.getTime() + 60_000) });
    const stored = await add(storage(), withVectors(key, [axis(7)]));
    const embedding = embedHashedWords("late leaf", dimension);
    await completeJobs(
      database,
      lease,
      table,
      jobs.map((job) => ({ job, embedding })),
    );
    expect((await leavesOf(storage(), stored)).map((leaf) => leaf.embedding)).toEqual([[...axis(7)]]);
  });

  it("are kept by chunks that stay when the document comes again without them", async () => {
    const key = { ownerId: newOwner(), idAtOrigin: "kept" };
    await add(storage(), withVectors({ ...key, leaves: ["a", "b"] }, [axis(1), axis(2)]));
    const again = await add(storage(), withVectors({ ...key, leaves: ["b", "new"] }, []));
    expect((await leavesOf(storage(), again)).map((leaf) => leaf.embedding)).toEqual([[...axis(2)], undefined]);
    expect(await countJobs(storage(), key.ownerId)).toBe(1);
    await embedWaiting(storage());
  });

  it("cost no statement of their own", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const batch = (round: number) =>
      Array.from({ length: 10 }, (_, index) => {
        const leaves = Array.from({ length: 9 }, (_, leaf) => `leaf ${leaf} ${leaf % 3 === 0 ? round : ""}`);
        const vectors = leaves.map((_, leaf) => axis(leaf + round));
        return withVectors({ ownerId, idAtOrigin: `document ${index}`, leaves, parents: [5, 4] }, vectors);
      });
    await add(storage(), ...batch(1).slice(0, 6));
    const names = await database.transaction(async (transaction) => {
      const recording = recordStatements(transaction);
      await storeDocuments(recording.queryable, batch(2), { table, now: new Date() });
      return recording.names;
    });
    // Begin and commit are two more.
    expect(names.length + 2).toBeLessThanOrEqual(10);
    expect(await countMembers(storage(), ownerId)).toEqual({ indexed: 0, unindexed: 90 });
    expect(await countJobs(storage(), ownerId)).toBe(0);
  });
});
