import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addDocument } from "../../src/documents/add-document.ts";
import { deleteExpiredDocuments } from "../../src/documents/delete-expired-documents.ts";
import { getDocument } from "../../src/documents/get-document.ts";
import { listDocuments } from "../../src/documents/list-documents.ts";
import { InvalidInputError, NotFoundError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { readOwnerStatistics } from "../../src/storage/owner-statistics.ts";
import { readChunksById } from "../../src/storage/read-chunks.ts";
import { readChunks } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner } from "../support/test-storage.ts";

describe.each(testDatabases())("documents that expire, on $name", (kind) => {
  const storage = useDocuments(kind);
  const expiresAt = new Date("2026-03-01T13:00:00Z");
  let now: Date;
  let ownerId: string;
  const deps = () => ({ ...storage(), clock: { now: () => now } });

  beforeEach(() => {
    now = new Date("2026-03-01T12:00:00Z");
    ownerId = newOwner();
  });

  // What one test leaves would be swept by the next.
  afterEach(async () => {
    now = expiresAt;
    await deleteExpiredDocuments(deps(), never);
  });

  it("are read until then, and from then on by no key, no list, no chunk and no count, before they are swept", async () => {
    const document = newDocument({ ownerId, expiresAt });
    const { document: added } = await addDocument(deps(), document, "committed", never);
    await addDocument(deps(), newDocument({ ownerId }), "committed", never);
    await embedWaiting(storage());
    await addDocument(deps(), newDocument({ ownerId, expiresAt, content: "This one waits for its vector." }), "committed", never);
    const [chunk] = await readChunks(storage().database, added, { embeddingsOf: undefined });
    const chunkId = chunk?.chunkId ?? "";
    const counts = () => readOwnerStatistics(storage().database, storage().table, ownerId, now);
    expect((await get(document)).document).toEqual(added);
    expect(await list()).toHaveLength(3);
    expect(await readChunksById(storage().database, ownerId, [chunkId], now)).toHaveProperty("size", 1);
    expect(await counts()).toMatchObject({ documentCount: 3, chunkCount: 3, embeddedChunkCount: 2, embeddingsPending: 1 });
    now = expiresAt;
    await expect(get(document)).rejects.toThrow(NotFoundError);
    await expect(get({ ownerId, documentId: added.documentId })).rejects.toThrow(NotFoundError);
    expect(await list()).toHaveLength(1);
    expect(await readChunksById(storage().database, ownerId, [chunkId], now)).toHaveProperty("size", 0);
    expect(await counts()).toMatchObject({
      documentCount: 1,
      chunkCount: 1,
      embeddedChunkCount: 1,
      embeddingsPending: 0,
      embeddingsMissing: 0,
    });
  });

  it("leave nothing behind when they are swept, of however many owners, and others stay", async () => {
    const { database, table } = storage();
    const owners = [ownerId, newOwner(), newOwner()];
    for (const owner of owners) {
      const goes = Array.from({ length: limits.deleteBatchDocuments + 1 }, (_, index) => ({
        ownerId: owner,
        idAtOrigin: `goes ${index}`,
        expiresAt,
      }));
      await store(database, [...goes, { ownerId: owner, idAtOrigin: "stays" }], { now });
    }
    await embedWaiting(storage());
    now = expiresAt;
    expect(await deleteExpiredDocuments(deps(), never)).toBe(owners.length * (limits.deleteBatchDocuments + 1));
    expect(await deleteExpiredDocuments(deps(), never)).toBe(0);
    for (const from of ["documents", "document_contents", "document_chunks", table.tableName]) {
      const { rowCount } = await database.query("count", `select 1 from ${from} where owner_id = any($1)`, [owners]);
      expect([from, rowCount]).toEqual([from, owners.length]);
    }
    const { rows } = await database.query<{ count: number }>(
      "counters",
      "select sum(chunk_count)::integer as count from owner_counters where owner_id = any($1) group by owner_id",
      [owners],
    );
    expect(rows).toEqual([{ count: 1 }, { count: 1 }, { count: 1 }]);
  });

  it("give way to a new one under their key", async () => {
    const document = newDocument({ ownerId, expiresAt });
    const { document: first } = await addDocument(deps(), document, "committed", never);
    now = expiresAt;
    const again = await addDocument(deps(), { ...document, expiresAt: undefined }, "committed", never);
    expect(again).toMatchObject({ outcome: "created", document: { version: 1 } });
    expect(again.document.documentId).not.toBe(first.documentId);
    expect(await deleteExpiredDocuments(deps(), never)).toBe(0);
    expect((await get(document)).document).toEqual(again.document);
  });

  it.each([0, -1])("are refused where they would have expired already (%i ms)", async (ms) => {
    const document = newDocument({ ownerId, expiresAt: new Date(now.getTime() + ms) });
    await expect(addDocument(deps(), document, "committed", never)).rejects.toThrow(InvalidInputError);
    expect(await list()).toEqual([]);
  });

  function get(key: Parameters<typeof getDocument>[1]) {
    return getDocument(deps(), key, { chunks: true, content: true, embeddings: true }, never);
  }

  async function list() {
    const query = { ownerId, filter: {}, order: "created_at", descending: false, pageSize: 10, pageToken: "" } as const;
    return (await listDocuments(deps(), query, never)).documents;
  }
});
