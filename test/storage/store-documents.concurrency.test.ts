import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../src/storage/database.ts";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import { findDocument, readChunks, readContent } from "../../src/storage/read-documents.ts";
import { hasRealPostgres } from "../support/databases.ts";
import { type Sketch, store } from "../support/prepared-documents.ts";
import { newOwner, realPostgres, useStorage } from "../support/test-storage.ts";

// The embedded database has one connection, so that its writers cannot meet.
describe.skipIf(!hasRealPostgres())("writers that meet, on a real PostgreSQL", () => {
  const storage = useStorage(realPostgres);
  let pools: readonly Database[] = [];

  beforeAll(async () => {
    pools = [storage().database, await storage().openAnotherPool()];
  });
  afterAll(() => pools[1]?.close());

  it("never mix the versions of one document", { timeout: 120_000 }, async () => {
    const key = { ownerId: newOwner(), idAtOrigin: "contested" };
    for (let trial = 0; trial < 60; trial++) {
      // Each writer's version has leaves of its own number, some of them shared.
      const versions = [0, 1, 2, 3].map((writer) => {
        const leaves = Array.from({ length: 3 + writer }, (_, leaf) =>
          leaf === 1 ? "shared" : `writer ${writer} trial ${trial}`,
        );
        return { ...key, documentName: `writer ${writer}`, leaves: [...leaves, `end of ${writer}`] };
      });
      const reading = readWhole(at(pools, trial), key);
      await Promise.all(versions.map((version, writer) => store(at(pools, writer), [version])));
      for (const seen of [await reading, await readWhole(at(pools, trial), key)]) {
        if (!seen) continue;
        const lines = seen.content.split("\n");
        expect(seen.leaves).toEqual(lines);
        expect(seen.name).toBe(`writer ${lines.at(-1)?.slice("end of ".length)}`);
      }
      if (trial % 3 === 2) await at(pools, 1).transaction((transaction) => deleteDocument(transaction, key, new Date()));
    }
  });

  it("create a new document once, and all succeed", async () => {
    for (let trial = 0; trial < 25; trial++) {
      const key = { ownerId: newOwner(), idAtOrigin: "new" };
      const results = await Promise.all(
        [0, 1, 2, 3].map((writer) => store(at(pools, writer), [{ ...key, leaves: [`${writer}`] }])),
      );
      expect(results.flat().filter(({ outcome }) => outcome === "created")).toHaveLength(1);
      expect(new Set(results.flat().map(({ document }) => document.documentId)).size).toBe(1);
      expect(
        results
          .flat()
          .map(({ document }) => document.version)
          .sort(),
      ).toEqual([1, 2, 3, 4]);
    }
  });

  it("wait for one another but never in a circle, also with batches in opposite order", { timeout: 120_000 }, async () => {
    const ownerId = newOwner();
    // Mixed case and punctuation, whose order differs between the service and many collations.
    const keys = ["b", "B", "a", "A", "ä", "Z", "_", "-", "é", "z/1", "z-1", "Z 1", "😀", "\uffee"];
    const deadlocksBefore = await countDeadlocks(at(pools, 0));
    const trials = 26;
    for (let trial = 0; trial < trials; trial++) {
      const batch = (writer: number): Sketch[] =>
        // Every other trial the documents are new: two writers then meet at the insertion, not at the row lock.
        keys.map((key) => ({ ownerId, idAtOrigin: `${key} ${trial >> 1}`, leaves: [`${writer} ${trial}`] }));
      await Promise.all([
        store(at(pools, 0), batch(0)),
        store(at(pools, 1), batch(1).reverse()),
        store(at(pools, 0), batch(2).slice(0, 6).reverse()),
      ]);
    }
    expect(await countDeadlocks(at(pools, 0))).toBe(deadlocksBefore);
    const { rows } = await at(pools, 0).query<{ counted: number; stored: number }>(
      "count",
      `select (select sum(chunk_count)::integer from owner_counters where owner_id = $1) as counted,
              (select count(*)::integer from document_chunks where owner_id = $1) as stored`,
      [ownerId],
    );
    expect(rows).toEqual([{ counted: (keys.length * trials) / 2, stored: (keys.length * trials) / 2 }]);
  });
});

/** The document as one reader sees it, all of one moment. */
async function readWhole(database: Database, key: { ownerId: string; idAtOrigin: string }) {
  return await database.transaction(
    async (transaction) => {
      const document = await findDocument(transaction, key, new Date());
      if (!document) return undefined;
      const chunks = await readChunks(transaction, document, { embeddingsOf: undefined });
      return {
        name: document.documentName,
        content: await readContent(transaction, document),
        leaves: chunks.map((chunk) => chunk.content),
      };
    },
    { snapshot: true },
  );
}

async function countDeadlocks(database: Database): Promise<number> {
  await database.query("flush_statistics", "select pg_stat_force_next_flush()");
  const { rows } = await database.query<{ deadlocks: string }>(
    "count_deadlocks",
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  return Number(rows[0]?.deadlocks);
}

function at(pools: readonly Database[], index: number): Database {
  const pool = pools[index % pools.length];
  if (!pool) throw new Error("no pool is open");
  return pool;
}
