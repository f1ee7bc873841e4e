import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { purgeDeadJobs, retryDeadJobs } from "../../src/storage/dead-jobs.ts";
import { claimJobs, failJobs } from "../../src/storage/embedding-jobs.ts";
import { readEmbeddingQueue } from "../../src/storage/embedding-queue.ts";
import { readOwnerStatistics } from "../../src/storage/owner-statistics.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("dead jobs on $name", (kind) => {
  const storage = useStorage(kind);

  it("are tried again, with all their attempts: of one owner and model, or of all", async () => {
    const { database, table } = storage();
    const [one, other] = [newOwner(), newOwner()];
    await die(one, 2);
    await die(other, 1);
    expect(await retryDeadJobs(database, { ownerId: one, modelId: "another/model" }, new Date())).toBe(0);
    expect(await retryDeadJobs(database, { ownerId: one, modelId: table.modelId }, new Date())).toBe(2);
    expect(await readEmbeddingQueue(database, one)).toMatchObject({ size: 2, dead: 0 });
    expect(await readEmbeddingQueue(database, other)).toMatchObject({ size: 0, dead: 1 });
    expect(await retryDeadJobs(database, { ownerId: undefined, modelId: undefined }, new Date())).toBe(1);
    const now = new Date();
    const lease = { leaseId: randomUUID(), modelId: table.modelId };
    const jobs = await claimJobs(database, lease, { count: 10, now, leaseUntil: now });
    expect(jobs.map((job) => job.attempts)).toEqual([1, 1, 1]);
    await embedWaiting(storage());
    expect(await readOwnerStatistics(database, table, one, new Date())).toMatchObject({
      embeddedChunkCount: 2,
      embeddingsMissing: 0,
    });
  });

  it("are given up: their chunks stay, without a vector, and are counted as missing one", async () => {
    const { database, table } = storage();
    const [one, other] = [newOwner(), newOwner()];
    await die(one, 2);
    await die(other, 1);
    await store(database, [{ ownerId: one, leaves: ["waits"] }]);
    expect(await purgeDeadJobs(database, { ownerId: one, modelId: undefined })).toBe(2);
    expect(await readOwnerStatistics(database, table, one, new Date())).toMatchObject({
      chunkCount: 3,
      embeddedChunkCount: 0,
      embeddingsPending: 1,
      embeddingsDead: 0,
      embeddingsMissing: 2,
    });
    expect(await purgeDeadJobs(database, { ownerId: one, modelId: undefined })).toBe(0);
    expect(await readOwnerStatistics(database, table, other, new Date())).toMatchObject({
      embeddingsDead: 1,
      embeddingsMissing: 0,
    });
    expect(await purgeDeadJobs(database, { ownerId: undefined, modelId: table.modelId })).toBe(1);
    await embedWaiting(storage());
  });

  it("are dealt with whatever their number", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    await database.query(
      "many",
      `insert into embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, created_at)
       select $1, gen_random_uuid(), $2, 'dead', 8, $3, $3 from generate_series(1, 11000)`,
      [ownerId, table.modelId, new Date()],
    );
    expect(await purgeDeadJobs(database, { ownerId, modelId: undefined })).toBe(11_000);
    expect(await readEmbeddingQueue(database, ownerId)).toMatchObject({ size: 0, dead: 0 });
  });

  /** Adds a document with so many chunks, none of which can be embedded. */
  async function die(ownerId: string, count: number): Promise<void> {
    const { database, table } = storage();
    await store(database, [{ ownerId, leaves: Array.from({ length: count }, (_, index) => `hopeless ${index}`) }]);
    const lease = { leaseId: randomUUID(), modelId: table.modelId };
    const now = new Date();
    const jobs = await claimJobs(database, lease, { count: 100, now, leaseUntil: new Date(now.getTime() + 60_000) });
    await failJobs(
      database,
      lease,
      jobs.map((job) => ({ job, retryAt: undefined, error: "INTERNAL" })),
      now,
    );
  }
});
