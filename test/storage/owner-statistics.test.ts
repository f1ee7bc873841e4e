import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { claimJobs, failJobs } from "../../src/storage/embedding-jobs.ts";
import { readOwnerStatistics } from "../../src/storage/owner-statistics.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("owner statistics on $name", (kind) => {
  const storage = useStorage(kind);

  it("are all zero for an owner that has nothing", async () => {
    const { database, table } = storage();
    expect(await readOwnerStatistics(database, table, newOwner(), new Date())).toEqual({
      documentCount: 0,
      chunkCount: 0,
      totalSizeBytes: 0,
      embeddedChunkCount: 0,
      embeddingsPending: 0,
      embeddingsDead: 0,
      embeddingsMissing: 0,
      documentTypes: [],
      firstCreatedAt: undefined,
      lastUpdatedAt: undefined,
    });
  });

  it("count documents, leaves, bytes, vectors and jobs of the owner alone", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const created = new Date("2026-01-01");
    const updated = new Date("2026-02-01");
    await store(
      database,
      [
        { ownerId, documentType: "chat", leaves: ["zwölf", "b"], parents: [2] },
        { ownerId, documentType: "chat", leaves: ["c"] },
        { ownerId, documentType: "code", idAtOrigin: "changing", leaves: ["d"] },
      ],
      { now: created },
    );
    await embedWaiting(storage());
    await store(database, [{ ownerId, documentType: "code", idAtOrigin: "changing", leaves: ["d", "dies", "waits"] }], {
      now: updated,
    });
    await store(database, [{ leaves: ["of another owner"] }], { now: new Date("2027-01-01") });
    const lease = { leaseId: randomUUID(), modelId: table.modelId };
    const now = new Date();
    const jobs = await claimJobs(database, lease, { count: 100, now, leaseUntil: new Date(now.getTime() + 60_000) });
    const dying = jobs.filter((job) => job.content === "dies");
    await failJobs(
      database,
      lease,
      dying.map((job) => ({ job, retryAt: undefined, error: "INTERNAL" })),
      now,
    );
    expect(await readOwnerStatistics(database, table, ownerId, new Date())).toEqual({
      documentCount: 3,
      chunkCount: 6,
      totalSizeBytes: Buffer.byteLength("zwölf\nb") + 1 + "d\ndies\nwaits".length,
      embeddedChunkCount: 4,
      embeddingsPending: 1,
      embeddingsDead: 1,
      embeddingsMissing: 0,
      documentTypes: [
        { documentType: "chat", documentCount: 2 },
        { documentType: "code", documentCount: 1 },
      ],
      firstCreatedAt: created,
      lastUpdatedAt: updated,
    });
  });
});
