import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import type { Database } from "../../src/storage/database.ts";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import { claimJobs, completeJobs } from "../../src/storage/embedding-jobs.ts";
import { hasRealPostgres } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, newOwner, realPostgres, useStorage } from "../support/test-storage.ts";

const vector = embedHashedWords("text", dimension);

describe.skipIf(!hasRealPostgres())("embedding jobs that several pools want, on a real PostgreSQL", () => {
  const storage = useStorage(realPostgres);
  let other: Database;

  beforeAll(async () => {
    other = await storage().openAnotherPool();
  });
  afterAll(() => other.close());

  it("are skipped while another pool is just taking them, not waited for", async () => {
    const { database } = storage();
    const modelId = `model-${randomUUID()}`;
    await store(database, [{ leaves: ["a", "b", "c"] }], { modelId });
    await database.transaction(async (transaction) => {
      await transaction.query(
        "hold",
        "select 1 from embedding_jobs where model_id = $1 and chunk_id in (select chunk_id from document_chunks where content = 'a') for update",
        [modelId],
      );
      const jobs = await claim(other, modelId);
      expect(jobs.map((job) => job.content).sort()).toEqual(["b", "c"]);
    });
  });

  it("are each given to one of many claims at once", async () => {
    const { database } = storage();
    const modelId = `model-${randomUUID()}`;
    await store(database, [{ leaves: Array.from({ length: 100 }, (_, index) => `leaf ${index}`) }], { modelId });
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, index) => claim(index % 2 === 0 ? database : other, modelId, 10)),
    );
    const taken = claims.flat().map((job) => job.chunkId);
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken.length + (await claim(database, modelId)).length).toBe(100);
  });

  it("are completed without waiting for a chunk that is just being deleted", async () => {
    const { database, table } = storage();
    const modelId = `model-${randomUUID()}`;
    const key = { ownerId: newOwner(), idAtOrigin: "goes" };
    await store(
      database,
      [
        { ...key, leaves: ["goes"] },
        { ownerId: key.ownerId, leaves: ["stays"] },
      ],
      { modelId },
    );
    const lease = { leaseId: randomUUID(), modelId };
    const jobs = await claim(other, modelId, 100, lease.leaseId);
    await database.transaction(async (transaction) => {
      await deleteDocument(transaction, key, new Date());
      const results = jobs.map((job) => ({ job, embedding: vector }));
      expect(await completeJobs(other, lease, table, results)).toBe(1);
    });
    const { rowCount } = await database.query("look", "select 1 from embedding_jobs where owner_id = $1", [key.ownerId]);
    expect(rowCount).toBe(0);
  });

  it("leave neither a vector nor a job when completion meets deletion or replacement", async () => {
    const { database, table } = storage();
    for (let trial = 0; trial < 40; trial++) {
      const modelId = `model-${randomUUID()}`;
      const key = { ownerId: newOwner(), idAtOrigin: "contested" };
      await store(database, [{ ...key, leaves: ["a", "b", "c", "d"] }], { modelId });
      const lease = { leaseId: randomUUID(), modelId };
      const jobs = await claim(other, modelId, 100, lease.leaseId);
      const removal =
        trial % 2 === 0
          ? database.transaction((transaction) => deleteDocument(transaction, key, new Date()))
          : store(database, [{ ...key, leaves: ["d", "e"] }], { modelId });
      await Promise.all([
        removal,
        completeJobs(
          other,
          lease,
          table,
          jobs.map((job) => ({ job, embedding: vector })),
        ),
      ]);
      const { rows } = await database.query(
        "find_orphans",
        `select k.owner_id
         from (select owner_id, chunk_id from ${table.tableName} union all select owner_id, chunk_id from embedding_jobs) as k
         left join document_chunks c using (owner_id, chunk_id)
         where k.owner_id = $1 and c.chunk_id is null`,
        [key.ownerId],
      );
      expect(rows).toEqual([]);
      const { rows: both } = await database.query(
        "count_covered",
        `select count(*)::integer as chunks, count(e.chunk_id)::integer + count(j.chunk_id)::integer as covered
         from document_chunks c
         left join ${table.tableName} e using (owner_id, chunk_id)
         left join embedding_jobs j using (owner_id, chunk_id)
         where c.owner_id = $1`,
        [key.ownerId],
      );
      const chunks = trial % 2 === 0 ? 0 : 2;
      expect(both).toEqual([{ chunks, covered: chunks }]);
    }
  });
});

function claim(database: Database, modelId: string, count = 100, leaseId = randomUUID()) {
  const now = new Date();
  return claimJobs(database, { leaseId, modelId }, { count, now, leaseUntil: new Date(now.getTime() + 60_000) });
}
