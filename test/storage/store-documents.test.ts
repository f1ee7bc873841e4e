import { describe, expect, it } from "vitest";
import { findDocument, readChunks, readContent } from "../../src/storage/read-documents.ts";
import { storeDocuments } from "../../src/storage/store-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { sketch, store } from "../support/prepared-documents.ts";
import { dimension, embedWaiting, newOwner, recordStatements, type TestStorage, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("storing documents on $name", (kind) => {
  const storage = useStorage(kind);

  it("creates a document with its facts, its chunks and its text", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "https://example.org/a?b=c:d" };
    const now = new Date("2026-03-01T12:00:00.123Z");
    const facts = { documentName: "Ünïcode 🎈", documentType: "report" as const, metadata: { year: 2026, tags: ["a", null] } };
    const [result] = await store(database, [{ ...key, ...facts, leaves: ["first", "second one"], language: "de" }], { now });
    expect(result).toMatchObject({ outcome: "created", chunksCreated: 2, chunksKept: 0, chunksRemoved: 0 });
    expect(result?.document).toMatchObject({
      ...key,
      ...facts,
      language: "de",
      chunkCount: 2,
      sizeBytes: 16,
      version: 1,
      createdAt: now,
      updatedAt: now,
      documentDate: undefined,
    });
    expect(await findDocument(database, key, new Date())).toEqual(result?.document);
    expect(await readContent(database, requireDocument(result))).toBe("first\nsecond one");
    expect(await readLeaves(storage(), result)).toMatchObject([
      { content: "first", index: 0, charStart: 0, charEnd: 5, tokenCount: 1 },
      { content: "second one", index: 1, charStart: 6, charEnd: 16, tokenCount: 2 },
    ]);
  });

  it("changes nothing for a document that is stored already, just so", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "same", leaves: ["one", "two"] };
    const [first] = await store(database, [key], { now: new Date("2026-01-01") });
    const [again] = await store(database, [key], { now: new Date("2026-01-02") });
    expect(again).toEqual({ ...first, outcome: "unchanged", chunksCreated: 0, chunksKept: 2 });
  });

  it("keeps the ids and vectors of chunks whose text stays, and moves them to their new place", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "kept" };
    const [first] = await store(database, [{ ...key, leaves: ["alpha", "beta", "gamma"] }], { now: new Date("2026-01-01") });
    await embedWaiting(storage());
    const before = await readLeaves(storage(), first);
    const [second] = await store(database, [{ ...key, leaves: ["new", "gamma", "alpha"] }], { now: new Date("2026-01-02") });
    expect(second).toMatchObject({ outcome: "updated", chunksCreated: 1, chunksKept: 2, chunksRemoved: 1 });
    expect(second?.document).toMatchObject({
      documentId: first?.document.documentId,
      version: 2,
      createdAt: new Date("2026-01-01"),
      updatedAt: new Date("2026-01-02"),
    });
    const after = await readLeaves(storage(), second);
    expect(after.map((chunk) => chunk.chunkId).slice(1)).toEqual([before[2]?.chunkId, before[0]?.chunkId]);
    expect(after).toMatchObject([
      { content: "new", index: 0, embedding: undefined },
      { content: "gamma", index: 1, charStart: 4, charEnd: 9 },
      { content: "alpha", index: 2, charStart: 10, charEnd: 15 },
    ]);
    expect(after.map((chunk) => chunk.embedding?.length)).toEqual([undefined, dimension, dimension]);
  });

  it("removes chunks that are gone together with their vectors and jobs", async () => {
    const { database, table } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "removed" };
    await store(database, [{ ...key, leaves: ["embedded leaf"] }]);
    await embedWaiting(storage());
    await store(database, [{ ...key, leaves: ["waiting leaf", "another"] }]);
    await store(database, [{ ...key, leaves: ["last"] }]);
    const count = async (from: string) =>
      (await database.query("count", `select 1 from ${from} where owner_id = $1`, [key.ownerId])).rowCount;
    expect(await count(table.tableName)).toBe(0);
    expect(await count("embedding_jobs")).toBe(1);
    expect(await count("document_chunks")).toBe(1);
  });

  it("keeps both of two chunks with one text, and one of them when the other goes", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "twice" };
    const [first] = await store(database, [{ ...key, leaves: ["echo", "echo"] }]);
    const before = (await readLeaves(storage(), first)).map((chunk) => chunk.chunkId);
    expect(new Set(before).size).toBe(2);
    const [second] = await store(database, [{ ...key, leaves: ["echo"] }]);
    expect(second).toMatchObject({ chunksCreated: 0, chunksKept: 1, chunksRemoved: 1 });
    expect((await readLeaves(storage(), second)).map((chunk) => chunk.chunkId)).toEqual(before.slice(0, 1));
  });

  it("indexes every chunk anew when the language of the document changes", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "language", leaves: ["Häuser"] };
    await store(database, [key]);
    const [german] = await store(database, [{ ...key, language: "de", textConfig: "german" }]);
    expect(german).toMatchObject({ chunksCreated: 1, chunksKept: 0, chunksRemoved: 1 });
    const { rows } = await database.query("read", "select search_vector::text from document_chunks where owner_id = $1", [
      key.ownerId,
    ]);
    expect(rows).toEqual([{ search_vector: "'haus':1" }]);
  });

  it("stores parents as ranges that their leaves name, also after an update", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "parents" };
    const [first] = await store(database, [{ ...key, leaves: ["a a", "b b", "c c", "d d"], parents: [2, 2] }]);
    const firstChunks = await readAll(storage(), first);
    expect(first).toMatchObject({ chunksCreated: 4, document: { chunkCount: 4 } });
    expect(firstChunks.map(({ level, charStart, charEnd, content }) => [level, charStart, charEnd, content])).toEqual([
      [1, 0, 7, undefined],
      [1, 8, 15, undefined],
      [0, 0, 3, "a a"],
      [0, 4, 7, "b b"],
      [0, 8, 11, "c c"],
      [0, 12, 15, "d d"],
    ]);
    // The second parent's text stays; the first one's changes with its leaf.
    const [second] = await store(database, [{ ...key, leaves: ["a a", "new", "c c", "d d"], parents: [2, 2] }]);
    const chunks = await readAll(storage(), second);
    const parentIds = chunks.slice(0, 2).map((chunk) => chunk.chunkId);
    expect(parentIds[1]).toBe(firstChunks[1]?.chunkId);
    expect(parentIds[0]).not.toBe(firstChunks[0]?.chunkId);
    expect(chunks.slice(2).map((chunk) => chunk.parentChunkId)).toEqual([parentIds[0], parentIds[0], parentIds[1], parentIds[1]]);
  });

  it("replaces the segments of the text, fewer or more", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "segments" };
    const texts = [["aa", "bb", "cc"], ["dd"], ["ee", "ff"]];
    for (const [version, segments] of texts.entries()) {
      const [result] = await store(database, [
        {
          ...key,
          leaves: [`version ${version}`],
          segments: segments.map((content, index) => ({ charStart: 2 * index, content })),
        },
      ]);
      expect(await readContent(database, requireDocument(result))).toBe(segments.join(""));
    }
  });

  it("gives the results of a batch in its order, whatever became of each document", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    const documents = ["z", "a", "m"].map((idAtOrigin) => ({ ownerId, idAtOrigin, leaves: [`${idAtOrigin} leaf`] }));
    const [z, a, m] = documents;
    if (!z || !a || !m) throw new Error("three documents");
    await store(database, [z, a]);
    const results = await store(database, [{ ...z, leaves: ["changed"] }, m, a]);
    expect(results.map(({ outcome, document }) => [document.idAtOrigin, outcome])).toEqual([
      ["z", "updated"],
      ["m", "created"],
      ["a", "unchanged"],
    ]);
  });

  it("takes at most ten statements, however many documents and chunks of every kind", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    const batch = (round: number) =>
      Array.from({ length: 30 }, (_, index) => {
        const leaves = Array.from({ length: 20 }, (_, leaf) => `leaf ${leaf} ${leaf % 3 === 0 ? round : ""} of ${index}`);
        return {
          ownerId,
          idAtOrigin: `document ${index}`,
          leaves: index % 5 === 0 ? ["always the same"] : leaves,
          parents: [10, 10],
        };
      });
    await store(database, batch(1).slice(0, 20));
    const names = await database.transaction(async (transaction) => {
      const recording = recordStatements(transaction);
      await storeDocuments(recording.queryable, batch(2).map(sketch), { now: new Date() });
      return recording.names;
    });
    expect(names).toHaveLength(new Set(names).size);
    // Begin and commit are two more.
    expect(names.length + 2).toBeLessThanOrEqual(10);
  });

  it("divides the largest text among statements, which are ten at most all the same", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    // Few words, and long ones, are indexed sooner.
    const leaves = Array.from({ length: 10 }, (_, leaf) => `leaf ${leaf} ${`${"tea".repeat(333)} `.repeat(999)}`);
    const names = await database.transaction(async (transaction) => {
      const recording = recordStatements(transaction);
      await storeDocuments(recording.queryable, [sketch({ ownerId, idAtOrigin: "large", leaves })], { now: new Date() });
      return recording.names;
    });
    expect(names.filter((name) => name === "insert_chunks").length).toBeGreaterThan(1);
    // Begin and commit, the look before, and a stream's position are four more.
    expect(names.length + 4).toBeLessThanOrEqual(10);
    const { rows } = await database.query<{ leaves: number; jobs: number }>(
      "count_stored",
      `select (select count(*) from document_chunks where owner_id = $1)::integer as leaves,
              (select count(*) from embedding_jobs where owner_id = $1)::integer as jobs`,
      [ownerId],
    );
    expect(rows).toEqual([{ leaves: 10, jobs: 10 }]);
  });

  it("stores nothing of a batch in which one document cannot be stored", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    const broken = { ownerId, idAtOrigin: "broken", leaves: ["x"], textConfig: "klingon" };
    await expect(store(database, [{ ownerId, idAtOrigin: "fine" }, broken])).rejects.toThrow("klingon");
    expect(await findDocument(database, { ownerId, idAtOrigin: "fine" }, new Date())).toBeUndefined();
  });
});

function requireDocument(result: { document: { ownerId: string; documentId: string } } | undefined) {
  if (!result) throw new Error("nothing was stored");
  return result.document;
}

function readAll({ database, table }: TestStorage, result: Parameters<typeof requireDocument>[0]) {
  return readChunks(database, requireDocument(result), { embeddingsOf: table });
}

async function readLeaves(storage: TestStorage, result: Parameters<typeof requireDocument>[0]) {
  return (await readAll(storage, result)).filter((chunk) => chunk.level === 0);
}
