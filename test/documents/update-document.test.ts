import { describe, expect, it } from "vitest";
import { addDocument } from "../../src/documents/add-document.ts";
import { listDocuments } from "../../src/documents/list-documents.ts";
import { updateDocument } from "../../src/documents/update-document.ts";
import type { DocumentChanges } from "../../src/domain/document.ts";
import { ConflictError, InvalidInputError, NotFoundError } from "../../src/domain/errors.ts";
import { readSearchFacts } from "../../src/storage/search-facts.ts";
import { testDatabases } from "../support/databases.ts";
import { longText, never, newDocument, useDocuments } from "../support/document-deps.ts";
import { newOwner } from "../support/test-storage.ts";

describe.each(testDatabases())("updating a document on $name", (kind) => {
  const storage = useDocuments(kind);
  let now = new Date("2026-03-01T12:00:00Z");
  const deps = () => ({ ...storage(), clock: { now: () => now } });

  it("changes what is given and nothing else, and filters see it at once", async () => {
    const document = newDocument({ metadata: { a: 1 }, documentDate: new Date("2025-01-01") });
    const { document: added } = await addDocument(deps(), document, "committed", never);
    now = new Date(now.getTime() + 1_000);
    const updated = await update(document, { metadata: { b: 2 }, documentDate: undefined });
    expect(updated).toEqual({ ...added, metadata: { b: 2 }, documentDate: undefined, version: 2, updatedAt: now });
    const list = (path: string) =>
      listDocuments(
        deps(),
        {
          ownerId: document.ownerId,
          filter: { metadata: { kind: "exists", path: [path], exists: true } },
          order: "created_at",
          descending: false,
          pageSize: 10,
          pageToken: "",
        },
        never,
      );
    expect((await list("b")).documents).toEqual([updated]);
    expect((await list("a")).documents).toEqual([]);
  });

  it("moves the owner's version, so that no cached answer is given, but writes nothing where nothing differs", async () => {
    const document = newDocument({ metadata: { a: [1, { b: null }] } });
    const { document: added } = await addDocument(deps(), document, "committed", never);
    const first = await versionOf(document.ownerId);
    expect(await update(document, { documentName: document.documentName, metadata: { a: [1, { b: null }] } })).toEqual(added);
    expect(await versionOf(document.ownerId)).toBe(first);
    await update(document, { documentName: "another" });
    expect(await versionOf(document.ownerId)).toBeGreaterThan(first);
  });

  it("changes no chunk, and the next add of the document puts its own facts back without a new one", async () => {
    const document = newDocument({ content: longText });
    const { chunksCreated } = await addDocument(deps(), document, "committed", never);
    await update(document, { documentName: "another" });
    expect(await addDocument(deps(), document, "committed", never)).toMatchObject({
      outcome: "updated",
      chunksCreated: 0,
      chunksKept: chunksCreated,
      chunksRemoved: 0,
      document: { documentName: document.documentName, version: 3 },
    });
    expect(await addDocument(deps(), document, "committed", never)).toMatchObject({ outcome: "unchanged" });
  });

  it("only to another expiry leaves the document recognisable", async () => {
    const document = newDocument();
    await addDocument(deps(), document, "committed", never);
    const expiresAt = new Date(now.getTime() + 60_000);
    expect(await update(document, { expiresAt })).toMatchObject({ expiresAt, version: 2 });
    expect(await addDocument(deps(), { ...document, expiresAt }, "committed", never)).toMatchObject({ outcome: "unchanged" });
    expect(await update(document, { expiresAt: undefined })).toMatchObject({ expiresAt: undefined, version: 3 });
  });

  it("is refused where another version is there than expected, with both numbers", async () => {
    const document = newDocument();
    await addDocument(deps(), document, "committed", never);
    expect(await update(document, { documentName: "second" }, 1)).toMatchObject({ version: 2 });
    const refused = update(document, { documentName: "third" }, 1);
    await expect(refused).rejects.toThrow(ConflictError);
    await expect(refused).rejects.toMatchObject({
      reason: "VERSION_MISMATCH",
      details: { version: "2", expected_version: "1" },
    });
    expect(await update(document, {}, 2)).toMatchObject({ documentName: "second" });
  });

  it("finds no document of another owner, none that has expired, and makes none expire in the past", async () => {
    const document = newDocument({ expiresAt: new Date(now.getTime() + 60_000) });
    await addDocument(deps(), document, "committed", never);
    await expect(update({ ...document, ownerId: newOwner() }, { documentName: "x" })).rejects.toThrow(NotFoundError);
    await expect(update(document, { expiresAt: now })).rejects.toThrow(InvalidInputError);
    now = document.expiresAt ?? now;
    await expect(update(document, { documentName: "x" })).rejects.toThrow(NotFoundError);
  });

  function update(key: { ownerId: string; idAtOrigin: string }, changes: DocumentChanges, expectedVersion?: number) {
    const { ownerId, idAtOrigin } = key;
    return updateDocument(deps(), { key: { ownerId, idAtOrigin }, changes, expectedVersion }, never);
  }

  async function versionOf(ownerId: string): Promise<bigint> {
    const words = { words: "", phrases: [], excluded: [] };
    const owner = { ownerId, modelId: storage().table.modelId, now };
    return (await readSearchFacts(storage().database, owner, words, undefined)).version;
  }
});
