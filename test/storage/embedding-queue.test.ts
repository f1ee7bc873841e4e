import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { claimJobs, failJobs } from "../../src/storage/embedding-jobs.ts";
import { readEmbeddingQueue } from "../../src/storage/embedding-queue.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

const [first, second, third] = ["2026-01-01", "2026-01-02", "2026-01-03"].map((day) => new Date(day));

describe.each(testDatabases())("the embedding queue on $name", (kind) => {
  const storage = useStorage(kind);

  it("is empty where nothing waits, also for an owner that does not exist", async () => {
    const empty = { size: 0, leased: 0, dead: 0, oldestCreatedAt: undefined, deadReasons: [], owners: [] };
    expect(await readEmbeddingQueue(storage().database, undefined)).toEqual(empty);
    expect(await readEmbeddingQueue(storage().database, newOwner())).toEqual(empty);
  });

  it("counts what waits and what is dead, of all owners, most jobs first, or of one", async () => {
    const { database, table } = storage();
    const [small, large] = [newOwner(), newOwner()];
    await store(database, [{ ownerId: small, leaves: ["failing"] }], options(first));
    const lease = { leaseId: randomUUID(), modelId: table.modelId };
    const jobs = await claimJobs(database, lease, { count: 1, now: new Date(), leaseUntil: new Date() });
    await failJobs(
      database,
      lease,
      jobs.map((job) => ({ job, retryAt: undefined, error: "INTERNAL" })),
      new Date(),
    );
    await store(database, [{ ownerId: small, leaves: ["a"] }], options(third));
    await store(database, [{ ownerId: large, leaves: ["a", "b", "c"] }], options(second));
    // A job that is leased still waits for its vector. Whose turn it is, is the queue's to say.
    const leaseUntil = new Date(Date.now() + 60_000);
    const [leased] = await claimJobs(database, lease, { count: 1, now: new Date(), leaseUntil });
    const deadReasons = [{ reason: "INTERNAL", count: 1 }];
    const ofLarge = { ownerId: large, size: 3, dead: 0, oldestCreatedAt: second, deadReasons: [] };
    const ofSmall = { ownerId: small, size: 1, dead: 1, oldestCreatedAt: third, deadReasons };
    expect(await readEmbeddingQueue(database, undefined)).toEqual({
      size: 4,
      leased: 1,
      dead: 1,
      oldestCreatedAt: second,
      deadReasons,
      owners: [ofLarge, ofSmall],
    });
    expect(await readEmbeddingQueue(database, small)).toEqual({
      size: 1,
      leased: leased?.ownerId === small ? 1 : 0,
      dead: 1,
      oldestCreatedAt: third,
      deadReasons,
      owners: [ofSmall],
    });
  });

  it("lists at most a hundred owners, and counts all", async () => {
    const { database } = storage();
    const before = await readEmbeddingQueue(database, undefined);
    await store(
      database,
      Array.from({ length: 110 }, () => ({})),
    );
    const after = await readEmbeddingQueue(database, undefined);
    expect(after.size - before.size).toBe(110);
    expect(after.owners).toHaveLength(100);
    await embedWaiting(storage());
  });
});

function options(now: Date | undefined): { now?: Date } {
  return now ? { now } : {};
}
