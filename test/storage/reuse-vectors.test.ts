import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import { claimJobs, completeJobs, type LeasedJob } from "../../src/storage/embedding-jobs.ts";
import { readChunks } from "../../src/storage/read-documents.ts";
import { completeKnownJobs } from "../../src/storage/reuse-vectors.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, newOwner, recordStatements, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("reusing vectors on $name", (kind) => {
  const storage = useStorage(kind);

  it("gives a text that the owner has a vector of a copy of it, and leaves the others", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    await embed(await addLeaves(ownerId, ["terms and conditions"]));
    const { claimed, lease, document } = await addLeaves(ownerId, ["terms and conditions", "something new"]);
    const left = await completeKnownJobs(database, lease, table, claimed);
    expect(left.map((job) => job.content)).toEqual(["something new"]);
    const chunks = await readChunks(database, document, { embeddingsOf: table });
    const expected = [...embedHashedWords("terms and conditions", dimension)].map((component) => expect.closeTo(component, 3));
    expect(chunks.map((chunk) => chunk.embedding)).toEqual([expected, undefined]);
    // The copy has a vector of its own: it outlives what it was copied from.
    expect(await completeKnownJobs(database, lease, table, left)).toEqual(left);
  });

  it("never takes another owner's", async () => {
    const { database, table } = storage();
    await embed(await addLeaves(newOwner(), ["shared words"]));
    const { claimed, lease } = await addLeaves(newOwner(), ["shared words"]);
    expect(await completeKnownJobs(database, lease, table, claimed)).toEqual(claimed);
  });

  it("copies from a copy when the first document is gone", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const first = await addLeaves(ownerId, ["boilerplate"]);
    await embed(first);
    const second = await addLeaves(ownerId, ["boilerplate"]);
    expect(await completeKnownJobs(database, second.lease, table, second.claimed)).toEqual([]);
    await database.transaction((transaction) => deleteDocument(transaction, first.document, new Date()));
    const third = await addLeaves(ownerId, ["boilerplate"]);
    expect(await completeKnownJobs(database, third.lease, table, third.claimed)).toEqual([]);
  });

  it("stores nothing of a lease that was taken over", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    await embed(await addLeaves(ownerId, ["known"]));
    const { claimed, document } = await addLeaves(ownerId, ["known"]);
    const stale = { leaseId: randomUUID(), modelId: table.modelId };
    expect(await completeKnownJobs(database, stale, table, claimed)).toEqual(claimed);
    const [chunk] = await readChunks(database, document, { embeddingsOf: table });
    expect(chunk?.embedding).toBeUndefined();
  });

  it("looks once, and writes nothing, where no text is known", async () => {
    const { database, table } = storage();
    const { claimed, lease } = await addLeaves(newOwner(), ["one", "two", "three"]);
    const { queryable, names } = recordStatements(database);
    await completeKnownJobs(Object.assign(Object.create(database), { query: queryable.query }), lease, table, claimed);
    expect(names).toEqual(["find_known_vectors"]);
  });

  /** Adds a document and claims its jobs. */
  async function addLeaves(ownerId: string, leaves: string[]) {
    const { database, table } = storage();
    const [result] = await store(database, [{ ownerId, leaves }]);
    if (!result) throw new Error("nothing was stored");
    const lease = { leaseId: randomUUID(), modelId: table.modelId };
    const now = new Date();
    const claimed = await claimJobs(database, lease, { count: 100, now, leaseUntil: new Date(now.getTime() + 3_600_000) });
    return { document: result.document, lease, claimed: claimed.filter((job) => job.ownerId === ownerId) };
  }

  async function embed({ lease, claimed }: { lease: { leaseId: string; modelId: string }; claimed: LeasedJob[] }) {
    const { database, table } = storage();
    const results = claimed.map((job) => ({ job, embedding: embedHashedWords(job.content, dimension) }));
    await completeJobs(database, lease, table, results);
  }
});
