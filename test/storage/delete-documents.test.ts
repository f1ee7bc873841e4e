import { describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import {
  countDocuments,
  type DocumentChoice,
  deleteDocument,
  deleteDocuments,
  findOwnersWithExpired,
} from "../../src/storage/delete-documents.ts";
import { findDocument, readContent } from "../../src/storage/read-documents.ts";
import { readSearchFacts } from "../../src/storage/search-facts.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, type TestStorage, useStorage } from "../support/test-storage.ts";

const now = new Date("2026-03-01T12:00:00Z");
const past = new Date("2026-03-01T11:00:00Z");

describe.each(testDatabases())("deleting documents on $name", (kind) => {
  const storage = useStorage(kind);

  it("takes those that a filter or ids choose, and counts them off", async () => {
    const ownerId = newOwner();
    const facts = { ownerId, documentType: "report" as const };
    await store(storage().database, [
      { ...facts, idAtOrigin: "a", leaves: ["one", "two"] },
      { ...facts, idAtOrigin: "b", leaves: ["three"] },
      { ownerId, idAtOrigin: "c", leaves: ["four"] },
      { ownerId, idAtOrigin: "d", leaves: ["five"], textConfig: "german" },
      { ...facts, ownerId: newOwner(), idAtOrigin: "a" },
    ]);
    const reports: DocumentChoice = { kind: "filter", filter: { documentTypes: ["report"] } };
    const ids: DocumentChoice = { kind: "ids", documentIds: [], idsAtOrigin: ["d", "missing"], liveAt: now };
    expect(await countDocuments(storage().database, ownerId, reports)).toEqual({ documents: 2, chunks: 3 });
    expect(await remove(storage(), ownerId, reports)).toEqual({ documents: 2, chunks: 3, batches: 1 });
    expect(await remove(storage(), ownerId, ids)).toEqual({ documents: 1, chunks: 1, batches: 1 });
    expect(await remove(storage(), ownerId, ids)).toEqual({ documents: 0, chunks: 0, batches: 1 });
    expect(await namesOf(storage(), ownerId)).toEqual(["c"]);
    expect(await countChunks(storage(), ownerId)).toBe(1);
  });

  it("goes on after the last batch, and ends each where its leaves are enough", async () => {
    const ownerId = newOwner();
    const half = Array.from({ length: limits.deleteBatchChunks / 2 }, (_, index) => `leaf ${index}`);
    const documents = ["a", "b", "c", "d", "e"].map((idAtOrigin) => ({ ownerId, idAtOrigin, leaves: half }));
    await store(storage().database, documents);
    const everything: DocumentChoice = { kind: "filter", filter: {} };
    expect(await remove(storage(), ownerId, everything)).toEqual({ documents: 5, chunks: 5 * half.length, batches: 3 });
    expect(await countChunks(storage(), ownerId)).toBe(0);
  });

  it("takes no more documents at once than a transaction may", async () => {
    const ownerId = newOwner();
    const count = limits.deleteBatchDocuments + 1;
    await store(
      storage().database,
      Array.from({ length: count }, (_, index) => ({ ownerId, idAtOrigin: `document ${index}` })),
    );
    const everything: DocumentChoice = { kind: "filter", filter: {} };
    expect(await remove(storage(), ownerId, everything)).toEqual({ documents: count, chunks: count, batches: 2 });
  });

  it("takes what has expired by a time, and nothing that others see", async () => {
    const ownerId = newOwner();
    const made = { now: new Date("2026-03-01T10:00:00Z") };
    await store(
      storage().database,
      [
        { ownerId, idAtOrigin: "gone", expiresAt: past },
        { ownerId, idAtOrigin: "just gone", expiresAt: now },
        { ownerId, idAtOrigin: "goes later", expiresAt: new Date(now.getTime() + 1) },
        { ownerId, idAtOrigin: "stays" },
      ],
      made,
    );
    const seen: DocumentChoice = { kind: "ids", documentIds: [], idsAtOrigin: ["gone", "just gone"], liveAt: now };
    expect(await remove(storage(), ownerId, seen)).toMatchObject({ documents: 0 });
    expect(await findOwnersWithExpired(storage().database, now)).toContain(ownerId);
    expect(await remove(storage(), ownerId, { kind: "expired", now })).toEqual({ documents: 2, chunks: 2, batches: 1 });
    expect(await namesOf(storage(), ownerId)).toEqual(["goes later", "stays"]);
    expect(await countChunks(storage(), ownerId)).toBe(2);
    expect(await findOwnersWithExpired(storage().database, now)).not.toContain(ownerId);
  });

  it("takes a document with chunks, vectors, jobs and text, and no other document", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    await store(database, [
      { ownerId, idAtOrigin: "gone", leaves: ["one", "two"], parents: [2] },
      { ownerId, idAtOrigin: "stays", leaves: ["three"] },
    ]);
    await embedWaiting(storage());
    // A chunk that still waits as well.
    await store(database, [{ ownerId, idAtOrigin: "gone", leaves: ["one", "new"] }]);
    const deleted = await database.transaction((transaction) =>
      deleteDocument(transaction, { ownerId, idAtOrigin: "gone" }, new Date()),
    );
    expect(deleted?.chunksDeleted).toBe(2);
    for (const from of ["documents", "document_contents", "document_chunks", table.tableName]) {
      const { rowCount } = await database.query("count", `select 1 from ${from} where owner_id = $1`, [ownerId]);
      expect([from, rowCount]).toEqual([from, 1]);
    }
    const { rowCount: jobs } = await database.query("count", "select 1 from embedding_jobs where owner_id = $1", [ownerId]);
    expect(jobs).toBe(0);
    const stays = await findDocument(database, { ownerId, idAtOrigin: "stays" }, new Date());
    expect(stays && (await readContent(database, stays))).toBe("three");
  });

  it("takes no document of another owner, nor one twice", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "mine" };
    const [stored] = await store(database, [key]);
    const remove = (ownerId: string) =>
      database.transaction((transaction) =>
        deleteDocument(transaction, { ownerId, documentId: stored?.document.documentId ?? "" }, new Date()),
      );
    expect(await remove(newOwner())).toBeUndefined();
    expect(await findDocument(database, key, new Date())).toBeDefined();
    expect(await remove(key.ownerId)).toEqual({ documentId: stored?.document.documentId, chunksDeleted: 1 });
    expect(await remove(key.ownerId)).toBeUndefined();
  });

  it("leaves a key that is new when it is added again", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "again" };
    const [first] = await store(database, [key]);
    await database.transaction((transaction) => deleteDocument(transaction, key, new Date()));
    const [second] = await store(database, [key]);
    expect(second).toMatchObject({ outcome: "created", document: { version: 1 } });
    expect(second?.document.documentId).not.toBe(first?.document.documentId);
  });
});

async function remove({ database }: TestStorage, ownerId: string, choice: DocumentChoice) {
  let after: string | undefined;
  const sum = { documents: 0, chunks: 0, batches: 0 };
  do {
    const batch = await database.transaction((transaction) => deleteDocuments(transaction, ownerId, choice, after));
    sum.documents += batch.documentIds.length;
    sum.chunks += batch.chunks;
    sum.batches++;
    after = batch.nextAfter;
  } while (after !== undefined);
  return sum;
}

async function namesOf({ database }: TestStorage, ownerId: string): Promise<string[]> {
  const { rows } = await database.query<{ id_at_origin: string }>(
    "ids",
    "select id_at_origin from documents where owner_id = $1",
    [ownerId],
  );
  return rows.map((row) => row.id_at_origin).toSorted();
}

/** As searches count them. */
async function countChunks({ database, table }: TestStorage, ownerId: string): Promise<number> {
  const words = { words: "", phrases: [], excluded: [] };
  const { chunkCount } = await readSearchFacts(database, { ownerId, modelId: table.modelId, now }, words, undefined);
  return chunkCount;
}
