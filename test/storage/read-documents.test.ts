import { describe, expect, it } from "vitest";
import { findDocument, findUnchangedDocuments, lockDocument } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { sketch, store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("stored documents on $name", (kind) => {
  const storage = useStorage(kind);

  it("are found by either key, and by no other owner", async () => {
    const { database } = storage();
    const key = { ownerId: newOwner(), idAtOrigin: "key" };
    const [stored] = await store(database, [key]);
    const documentId = stored?.document.documentId ?? "";
    expect(await findDocument(database, key, new Date())).toEqual(stored?.document);
    expect(await findDocument(database, { ownerId: key.ownerId, documentId }, new Date())).toEqual(stored?.document);
    expect(await findDocument(database, { ...key, ownerId: newOwner() }, new Date())).toBeUndefined();
    expect(await findDocument(database, { ownerId: newOwner(), documentId }, new Date())).toBeUndefined();
  });

  it("are known as unchanged by their fingerprint and expiry, key by key", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    const [a, b] = [sketch({ ownerId, idAtOrigin: "a" }), sketch({ ownerId, idAtOrigin: "b", leaves: ["other"] })];
    const expiresAt = new Date("2040-01-01");
    await store(database, [
      { ownerId, idAtOrigin: "a" },
      { ownerId, idAtOrigin: "b", leaves: ["other"] },
      { ownerId, idAtOrigin: "d", expiresAt },
      { ownerId, idAtOrigin: "e", expiresAt },
      { ownerId, idAtOrigin: "f", expiresAt },
    ]);
    const known = (keys: { idAtOrigin: string; fingerprint: Buffer; expiresAt?: Date }[]) =>
      findUnchangedDocuments(
        database,
        keys.map((key) => ({ ownerId, expiresAt: undefined, ...key })),
      );
    const fingerprintOf = (idAtOrigin: string) => sketch({ ownerId, idAtOrigin }).fingerprint;
    const found = await known([
      { idAtOrigin: "a", fingerprint: a.fingerprint },
      { idAtOrigin: "b", fingerprint: a.fingerprint },
      { idAtOrigin: "c", fingerprint: b.fingerprint },
      { idAtOrigin: "d", fingerprint: fingerprintOf("d"), expiresAt },
      { idAtOrigin: "e", fingerprint: fingerprintOf("e"), expiresAt: new Date("2041-01-01") },
      { idAtOrigin: "f", fingerprint: fingerprintOf("f") },
    ]);
    expect(found.map((document) => document.idAtOrigin).toSorted()).toEqual(["a", "d"]);
  });

  it("are found by neither key once they have expired, and are locked by none", async () => {
    const { database } = storage();
    const now = new Date("2026-03-01T12:00:00Z");
    const key = { ownerId: newOwner(), idAtOrigin: "goes", expiresAt: new Date("2026-03-01T13:00:00Z") };
    const [stored] = await store(database, [key], { now });
    const documentId = stored?.document.documentId ?? "";
    for (const found of [findDocument, lockDocument]) {
      for (const by of [key, { ownerId: key.ownerId, documentId }]) {
        expect(await found(database, by, new Date("2026-03-01T12:59:59.999Z"))).toEqual(stored?.document);
        expect(await found(database, by, key.expiresAt)).toBeUndefined();
      }
    }
  });
});
