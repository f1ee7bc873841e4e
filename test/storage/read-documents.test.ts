import { describe, expect, it } from "vitest";
import { deleteDocument, findDocument, findUnchangedDocuments, readContent } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { sketch, store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("stored documents on $name", (kind) => {
  const storage = useStorage(kind);

  it("are found by either key, and by no other owner", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "key" };
    const [stored] = await store(database, [key]);
    const documentId = stored?.document.documentId ?? "";
    expect(await findDocument(database, key)).toEqual(stored?.document);
    expect(await findDocument(database, { ownerId: key.ownerId, documentId })).toEqual(stored?.document);
    expect(await findDocument(database, { ...key, ownerId: newOwner() })).toBeUndefined();
    expect(await findDocument(database, { ownerId: newOwner(), documentId })).toBeUndefined();
  });

  it("are known as unchanged by their fingerprint alone, key by key", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    const [a, b] = [sketch({ ownerId, idAtOrigin: "a" }), sketch({ ownerId, idAtOrigin: "b", leaves: ["other"] })];
    await store(database, [
      { ownerId, idAtOrigin: "a" },
      { ownerId, idAtOrigin: "b", leaves: ["other"] },
    ]);
    const known = (keys: { idAtOrigin: string; fingerprint: Buffer }[]) =>
      findUnchangedDocuments(
        database,
        keys.map((key) => ({ ownerId, ...key })),
      );
    const found = await known([
      { idAtOrigin: "a", fingerprint: a.fingerprint },
      { idAtOrigin: "b", fingerprint: a.fingerprint },
      { idAtOrigin: "c", fingerprint: b.fingerprint },
    ]);
    expect(found.map((document) => document.idAtOrigin)).toEqual(["a"]);
  });

  it("are deleted with chunks, vectors, jobs and text, and no other document's", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    await store(database, [
      { ownerId, idAtOrigin: "gone", leaves: ["one", "two"], parents: [2] },
      { ownerId, idAtOrigin: "stays", leaves: ["three"] },
    ]);
    await embedWaiting(storage());
    // A chunk that still waits as well.
    await store(database, [{ ownerId, idAtOrigin: "gone", leaves: ["one", "new"] }]);
    const deleted = await database.transaction((transaction) => deleteDocument(transaction, { ownerId, idAtOrigin: "gone" }));
    expect(deleted?.chunksDeleted).toBe(2);
    for (const from of ["documents", "document_contents", "document_chunks", table.tableName]) {
      const { rowCount } = await database.query("count", `select 1 from ${from} where owner_id = $1`, [ownerId]);
      expect([from, rowCount]).toEqual([from, 1]);
    }
    const { rowCount: jobs } = await database.query("count", "select 1 from embedding_jobs where owner_id = $1", [ownerId]);
    expect(jobs).toBe(0);
    const stays = await findDocument(database, { ownerId, idAtOrigin: "stays" });
    expect(stays && (await readContent(database, stays))).toBe("three");
  });

  it("are not deleted by another owner, nor twice", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "mine" };
    const [stored] = await store(database, [key]);
    const remove = (ownerId: string) =>
      database.transaction((transaction) =>
        deleteDocument(transaction, { ownerId, documentId: stored?.document.documentId ?? "" }),
      );
    expect(await remove(newOwner())).toBeUndefined();
    expect(await findDocument(database, key)).toBeDefined();
    expect(await remove(key.ownerId)).toEqual({ documentId: stored?.document.documentId, chunksDeleted: 1 });
    expect(await remove(key.ownerId)).toBeUndefined();
  });

  it("are new again when they are added after their deletion", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "again" };
    const [first] = await store(database, [key]);
    await database.transaction((transaction) => deleteDocument(transaction, key));
    const [second] = await store(database, [key]);
    expect(second).toMatchObject({ outcome: "created", document: { version: 1 } });
    expect(second?.document.documentId).not.toBe(first?.document.documentId);
  });
});
