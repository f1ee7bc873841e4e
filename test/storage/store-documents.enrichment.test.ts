import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { claimJobs, completeJobs } from "../../src/storage/embedding-jobs.ts";
import { readChunks } from "../../src/storage/read-documents.ts";
import type { StoreResult } from "../../src/storage/store-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { type Sketch, store } from "../support/prepared-documents.ts";
import { dimension, embedWaiting, newOwner, type TestStorage, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("storing what is made beside the text, on $name", (kind) => {
  const storage = useStorage(kind);

  it("stores prefixes and summaries of leaves beside their text, each word of a prefix in an index of its own", async () => {
    const { database } = storage();
    const key = {
      ownerId: newOwner(),
      idAtOrigin: "new",
      leaves: ["one river", "two"],
      prefixes: ["Rivers of Straße"],
      parents: [2],
    };
    const [result] = await store(database, [{ ...key, summaries: [undefined, "a pair"], chatModel: "writer" }]);
    expect(
      (await chunksOf(storage(), result)).map(({ content, contextPrefix, summary }) => [content, contextPrefix, summary]),
    ).toEqual([
      [undefined, undefined, undefined],
      ["one river", "Rivers of Straße", undefined],
      ["two", undefined, "a pair"],
    ]);
    const { rows } = await database.query(
      "read",
      `select search_vector::text, context_vector::text, context_model, summary_model
       from document_chunks where owner_id = $1 and chunk_level = 0 order by chunk_index`,
      [key.ownerId],
    );
    expect(rows).toEqual([
      {
        search_vector: "'one':1 'river':2",
        context_vector: "'river':1 'straße':3",
        context_model: "writer",
        summary_model: null,
      },
      { search_vector: "'two':1", context_vector: null, context_model: null, summary_model: "writer" },
    ]);
  });

  it("gives the embedder the prefix, a line feed and the text", async () => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: ["a leaf", "another"], prefixes: ["where it belongs"] }]);
    expect((await textsToEmbed(storage(), ownerId)).sort()).toEqual(["another", "where it belongs\na leaf"]);
  });

  it("embeds again what has another prefix now, and only that; until then the old vector stays", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "renamed", leaves: ["alpha", "beta", "gamma"] };
    const [first] = await store(database, [{ ...key, prefixes: ["Draft", undefined, "Same"] }]);
    await embedWaiting(storage());
    const before = await chunksOf(storage(), first);
    const [second] = await store(database, [{ ...key, prefixes: ["Final", undefined, "Same"] }]);
    expect(second).toMatchObject({ outcome: "updated", chunksCreated: 0, chunksKept: 3, chunksReembedded: 1 });
    const after = await chunksOf(storage(), second);
    expect(after.map(({ chunkId, embedding }) => [chunkId, embedding])).toEqual(
      before.map(({ chunkId, embedding }) => [chunkId, embedding]),
    );
    expect(after.map(({ contextPrefix }) => contextPrefix)).toEqual(["Final", undefined, "Same"]);
    expect(await textsToEmbed(storage(), key.ownerId)).toEqual(["Final\nalpha"]);
  });

  it("changes a summary without embedding anything", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "summary", leaves: ["alpha"] };
    await store(database, [{ ...key, summaries: ["short"] }]);
    await embedWaiting(storage());
    const [second] = await store(database, [{ ...key, summaries: ["shorter"] }]);
    expect((await chunksOf(storage(), second))[0]?.summary).toBe("shorter");
    expect(await textsToEmbed(storage(), key.ownerId)).toEqual([]);
  });

  it("drops the vector of a worker that embedded the text with the old prefix", async () => {
    const { database, table } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "overtaken", leaves: ["alpha"] };
    const [result] = await store(database, [{ ...key, prefixes: ["Draft"] }]);
    const { lease, jobs } = await claim(storage(), key.ownerId);
    await store(database, [{ ...key, prefixes: ["Final"] }]);
    const stored = await completeJobs(
      database,
      lease,
      table,
      jobs.map((job) => ({ job, embedding: new Float32Array(dimension).fill(1) })),
    );
    expect(stored).toBe(0);
    expect((await chunksOf(storage(), result))[0]?.embedding).toBeUndefined();
    expect(await textsToEmbed(storage(), key.ownerId)).toEqual(["Final\nalpha"]);
  });

  it("gives a chunk whose embedding has failed for good another chance with its new prefix", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "dead", leaves: ["alpha"] };
    await store(database, [{ ...key, prefixes: ["Draft"] }]);
    await database.query("kill", "update embedding_jobs set state = 'dead', attempts = 8, last_error = 'X' where owner_id = $1", [
      key.ownerId,
    ]);
    await store(database, [{ ...key, prefixes: ["Final"] }]);
    expect(await textsToEmbed(storage(), key.ownerId)).toEqual(["Final\nalpha"]);
  });

  it("counts the chunks with a prefix, whatever becomes of them", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "counted" };
    const counts = async (sketch: Sketch) => {
      await store(database, [{ ...key, ...sketch }]);
      const { rows } = await database.query<{ chunks: string; contexts: string }>(
        "read",
        "select sum(chunk_count) as chunks, sum(context_count) as contexts from owner_counters where owner_id = $1",
        [key.ownerId],
      );
      return [Number(rows[0]?.chunks), Number(rows[0]?.contexts)];
    };
    expect(await counts({ leaves: ["a", "b"], prefixes: ["p"] })).toEqual([2, 1]);
    expect(await counts({ leaves: ["a", "b"], prefixes: ["q", "q"] })).toEqual([2, 2]);
    expect(await counts({ leaves: ["a", "b"], prefixes: [undefined, "q"] })).toEqual([2, 1]);
    expect(await counts({ leaves: ["a"] })).toEqual([1, 0]);
    expect(await counts({ leaves: ["a", "c"], prefixes: ["p", "p"], parents: [2] })).toEqual([2, 2]);
    expect(await counts({ leaves: ["a", "c"], prefixes: ["p", "p"], textConfig: "german" })).toEqual([2, 2]);
  });
});

async function claim({ database, table }: TestStorage, ownerId: string) {
  const lease = { leaseId: randomUUID(), modelId: table.modelId };
  const now = new Date();
  const jobs = await claimJobs(database, lease, { count: 10_000, now, leaseUntil: new Date(now.getTime() + 60_000) });
  return { lease, jobs: jobs.filter((job) => job.ownerId === ownerId) };
}

async function textsToEmbed(storage: TestStorage, ownerId: string): Promise<string[]> {
  return (await claim(storage, ownerId)).jobs.map((job) => job.content);
}

async function chunksOf({ database, table }: TestStorage, result: StoreResult | undefined) {
  if (!result) throw new Error("nothing was stored");
  return await readChunks(database, result.document, { embeddingsOf: table });
}
