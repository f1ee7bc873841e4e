import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/domain/clock.ts";
import { OwnerNotices } from "../../src/domain/owner-notices.ts";
import { IndexKeeper } from "../../src/embedding/index-keeper.ts";
import { testDatabases } from "../support/databases.ts";
import { newOwner, silentLogger, useStorage } from "../support/test-storage.ts";
import { countMembers, ownerWithVectors } from "../support/vector-index.ts";

describe.each(testDatabases())("the keeper of the approximate index on $name", (kind) => {
  const storage = useStorage(kind);

  it("hears of vectors that clients gave while it runs", async () => {
    const vectorsGiven = new OwnerNotices();
    const keeper = new IndexKeeper({ ...storage(), vectorsGiven, clock: systemClock, logger: silentLogger }, 50);
    try {
      // Its first sweep has been made once this owner's rows are in.
      const before = await ownerWithVectors(storage(), 60);
      vectorsGiven.tell([before]);
      await expect.poll(() => countMembers(storage(), before), { timeout: 30_000 }).toEqual({ indexed: 60, unindexed: 0 });
      const ownerId = await ownerWithVectors(storage(), 60);
      vectorsGiven.tell([ownerId, newOwner()]);
      await expect.poll(() => countMembers(storage(), ownerId), { timeout: 30_000 }).toEqual({ indexed: 60, unindexed: 0 });
    } finally {
      await keeper.stop();
    }
  });
});
