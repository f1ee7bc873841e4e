import { describe, expect, it } from "vitest";
import { findDocument, readChunks } from "../../src/storage/read-documents.ts";
import { readSearchFacts } from "../../src/storage/search-facts.ts";
import { storeDocuments } from "../../src/storage/store-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { sketch, store } from "../support/prepared-documents.ts";
import { embedWaiting, hashingModel, newOwner, recordStatements, useStorage } from "../support/test-storage.ts";

const now = new Date("2026-03-01T12:00:00Z");
const later = new Date("2026-03-01T13:00:00Z");
const latest = new Date("2026-03-01T14:00:00Z");

describe.each(testDatabases())("storing documents that expire, on $name", (kind) => {
  const storage = useStorage(kind);

  it("writes only the row of one whose expiry alone is another", async () => {
    const { database } = storage();
    const given = { ownerId: newOwner(), idAtOrigin: "renewed", leaves: ["one", "two"] };
    const [first] = await store(database, [given], { now });
    await embedWaiting(storage());
    const names = await database.transaction(async (transaction) => {
      const recording = recordStatements(transaction);
      const options = { modelId: hashingModel.modelId, now: later };
      const [renewed] = await storeDocuments(recording.queryable, [sketch({ ...given, expiresAt: latest })], options);
      expect(renewed).toMatchObject({ outcome: "updated", chunksCreated: 0, chunksKept: 2, chunksRemoved: 0 });
      expect(renewed?.document).toEqual({ ...first?.document, expiresAt: latest, version: 2, updatedAt: later });
      return recording.names;
    });
    expect(names).toEqual(["insert_documents", "set_expiries", "add_to_counters"]);
    const [cleared] = await store(database, [given], { now: later });
    expect(cleared).toMatchObject({ outcome: "updated", document: { expiresAt: undefined, version: 3 } });
    expect(await store(database, [given], { now: later })).toMatchObject([{ outcome: "unchanged" }]);
  });

  it("sets the expiry of one whose text is another as well", async () => {
    const { database } = storage();
    const given = { ownerId: newOwner(), idAtOrigin: "both", expiresAt: later };
    await store(database, [given], { now });
    const [changed] = await store(database, [{ ...given, leaves: ["changed"], expiresAt: latest }], { now });
    expect(changed).toMatchObject({ outcome: "updated", document: { expiresAt: latest } });
    const [cleared] = await store(database, [{ ...given, leaves: ["changed again"], expiresAt: undefined }], { now });
    expect(cleared).toMatchObject({ outcome: "updated", document: { expiresAt: undefined } });
  });

  it("makes a new document of one that has expired, in a batch with others, and keeps the counts right", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const gone = { ownerId, idAtOrigin: "b", leaves: ["old one", "old two"], expiresAt: later };
    const [first] = await store(database, [gone, { ownerId, idAtOrigin: "a" }, { ownerId, idAtOrigin: "c" }], { now });
    await embedWaiting(storage());
    const results = await store(
      database,
      [
        { ownerId, idAtOrigin: "c", leaves: ["changed", "and longer"] },
        { ...gone, expiresAt: undefined },
        { ownerId, idAtOrigin: "a" },
        { ownerId, idAtOrigin: "d" },
      ],
      { now: later },
    );
    expect(results.map(({ document, outcome }) => [document.idAtOrigin, outcome, document.version])).toEqual([
      ["c", "updated", 2],
      ["b", "created", 1],
      ["a", "unchanged", 1],
      ["d", "created", 1],
    ]);
    const replaced = results[1];
    expect(replaced).toMatchObject({ chunksCreated: 2, chunksKept: 0, document: { createdAt: later, expiresAt: undefined } });
    expect(replaced?.document.documentId).not.toBe(first?.document.documentId);
    const stored = await findDocument(database, { ownerId, idAtOrigin: "b" }, latest);
    expect(stored).toEqual(replaced?.document);
    const chunks = stored ? await readChunks(database, stored, { embeddingsOf: table }) : [];
    expect(chunks.map(({ content, embedding }) => [content, embedding])).toEqual([
      ["old one", undefined],
      ["old two", undefined],
    ]);
    const words = { words: "", phrases: [], excluded: [] };
    const facts = await readSearchFacts(database, { ownerId, modelId: table.modelId, now: latest }, words, undefined);
    const { rowCount } = await database.query("leaves", "select 1 from document_chunks where owner_id = $1 and chunk_level = 0", [
      ownerId,
    ]);
    expect([facts.chunkCount, facts.expiredChunks]).toEqual([rowCount, 0]);
  });

  it("takes one that has not expired for what it is", async () => {
    const { database } = storage();
    const given = { ownerId: newOwner(), idAtOrigin: "there", expiresAt: latest };
    await store(database, [given], { now });
    expect(await store(database, [given], { now: later })).toMatchObject([{ outcome: "unchanged" }]);
  });
});
