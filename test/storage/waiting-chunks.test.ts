import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { claimJobs, failJobs } from "../../src/storage/embedding-jobs.ts";
import { countWaiting, readNewestWaiting, readOldestWaiting } from "../../src/storage/waiting-chunks.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("chunks that wait for their vectors on $name", (kind) => {
  const storage = useStorage(kind);

  it("have the oldest and the newest of an owner by their ids", async () => {
    const ownerId = newOwner();
    expect(await oldest(ownerId)).toEqual({ oldest: undefined, dead: 0 });
    expect(await newest(ownerId)).toBeUndefined();
    await store(storage().database, [{ ownerId, leaves: ["one", "two", "three"] }, { leaves: ["of another"] }]);
    const ids = await chunkIds(ownerId);
    expect(await oldest(ownerId)).toEqual({ oldest: ids[0], dead: 0 });
    expect(await newest(ownerId)).toBe(ids[2]);
    await embedWaiting(storage());
    expect(await oldest(ownerId)).toEqual({ oldest: undefined, dead: 0 });
    expect(await newest(ownerId)).toBeUndefined();
  });

  it("do not include the dead, which are counted up to the oldest that waits", async () => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: ["one", "two", "three", "four"] }]);
    const [first, second, third, fourth] = await chunkIds(ownerId);
    await kill(ownerId, [first, fourth]);
    expect(await oldest(ownerId)).toEqual({ oldest: second, dead: 1 });
    expect(await newest(ownerId)).toBe(third);
    await embedWaiting(storage());
    expect(await oldest(ownerId)).toEqual({ oldest: undefined, dead: 2 });
  });

  it("belong to one model", async () => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId }], { modelId: "another/model" });
    expect(await oldest(ownerId)).toEqual({ oldest: undefined, dead: 0 });
    expect(await newest(ownerId)).toBeUndefined();
    expect(await countWaiting(storage().database, "another/model", 10)).toBe(1);
  });

  it("are counted over all owners, leased ones included, and no further than asked", async () => {
    const { database, table } = storage();
    await embedWaiting(storage());
    await store(database, [{ leaves: ["one", "two"] }, { leaves: ["three", "four", "five"] }]);
    const now = new Date();
    const lease = { leaseId: randomUUID(), modelId: table.modelId };
    await claimJobs(database, lease, { count: 2, now, leaseUntil: new Date(now.getTime() + 60_000) });
    expect(await countWaiting(database, table.modelId, 100)).toBe(5);
    expect(await countWaiting(database, table.modelId, 3)).toBe(3);
  });

  async function oldest(ownerId: string) {
    const ownerIds = [newOwner(), ownerId];
    return (await readOldestWaiting(storage().database, { ownerIds, modelId: storage().table.modelId })).get(ownerId);
  }

  function newest(ownerId: string) {
    return readNewestWaiting(storage().database, { ownerId, modelId: storage().table.modelId });
  }

  /** Of all leaves, in the order of the ids. */
  async function chunkIds(ownerId: string): Promise<string[]> {
    const { rows } = await storage().database.query<{ chunk_id: string }>(
      "chunk_ids",
      "select chunk_id from document_chunks where owner_id = $1 and chunk_level = 0 order by chunk_id",
      [ownerId],
    );
    return rows.map((row) => row.chunk_id);
  }

  async function kill(ownerId: string, ids: readonly (string | undefined)[]): Promise<void> {
    const { database, table } = storage();
    const lease = { leaseId: randomUUID(), modelId: table.modelId };
    const now = new Date();
    const jobs = await claimJobs(database, lease, { count: 1_000, now, leaseUntil: now });
    const chosen = jobs.filter((job) => job.ownerId === ownerId && ids.includes(job.chunkId));
    await failJobs(
      database,
      lease,
      chosen.map((job) => ({ job, retryAt: undefined, error: "INTERNAL" })),
      now,
    );
  }
});
