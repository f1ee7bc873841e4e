import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import {
  claimJobs,
  completeJobs,
  countPendingJobs,
  extendLease,
  failJobs,
  type Lease,
  type LeasedJob,
  releaseAbandonedJobs,
  releaseJobs,
} from "../../src/storage/embedding-jobs.ts";
import { readChunks } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, newOwner, useStorage } from "../support/test-storage.ts";

const start = new Date("2026-01-01T00:00:00Z");
const later = (seconds: number) => new Date(start.getTime() + seconds * 1_000);

describe.each(testDatabases())("embedding jobs on $name", (kind) => {
  const storage = useStorage(kind);

  it("are claimed, completed and gone, and their chunks have vectors", async () => {
    const { database, table } = storage();
    const { document, modelId } = await storeLeaves(["red fox", "blue sea"]);
    const lease = newLease(modelId);
    const jobs = await claim(lease, start);
    expect(jobs.map((job) => job.content).sort()).toEqual(["blue sea", "red fox"]);
    expect(jobs.map((job) => [job.ownerId, job.attempts])).toEqual(jobs.map(() => [document.ownerId, 1]));
    expect(await countJobs(document)).toEqual({ waiting: 2, dead: 0 });
    expect(await completeJobs(database, lease, table, jobs.map(embedded))).toBe(2);
    expect(await countJobs(document)).toEqual({ waiting: 0, dead: 0 });
    const chunks = await readChunks(database, document, { embeddingsOf: table });
    const expected = embedHashedWords("red fox", dimension);
    // halfvec keeps 11 bits.
    chunks[0]?.embedding?.forEach((component, index) => {
      expect(component).toBeCloseTo(expected[index] ?? 0, 3);
    });
    expect(await claim(newLease(modelId), later(3_600))).toEqual([]);
  });

  it("are claimed oldest first, at most as many as asked for, and of their own model alone", async () => {
    const modelId = newModelId();
    const ownerId = newOwner();
    for (const [index, leaf] of ["second", "third", "first"].entries())
      await storeLeaves([leaf], { ownerId, modelId, now: later([1, 2, 0][index] ?? 0) });
    await storeLeaves(["of another model"], { now: start });
    const first = await claim(newLease(modelId), later(10), 2);
    expect(first.map((job) => job.content).sort()).toEqual(["first", "second"]);
    expect((await claim(newLease(modelId), later(10))).map((job) => job.content)).toEqual(["third"]);
  });

  it("are claimed of owners in turns, whoever came first, as many of each", async () => {
    const modelId = newModelId();
    const [large, small, tiny] = [`large-${newOwner()}`, `small-${newOwner()}`, `tiny-${newOwner()}`];
    await storeLeaves(
      Array.from({ length: 50 }, (_, index) => `of large ${index}`),
      { ownerId: large, modelId },
    );
    for (const [ownerId, count] of [
      [small, 4],
      [tiny, 1],
    ] as const)
      await storeLeaves(
        Array.from({ length: count }, (_, index) => `of ${ownerId} ${index}`),
        { ownerId, modelId, now: later(5) },
      );
    const owners = (jobs: readonly LeasedJob[]) => jobs.map((job) => job.ownerId);
    const ten = await claim(newLease(modelId), later(10), 10);
    expect(owners(ten)).toEqual([large, large, large, large, small, small, small, small, tiny]);
    expect(owners(await claim(newLease(modelId), later(10), 10))).toEqual(Array(10).fill(large));
  });

  it("are claimed of the owners after the last one first, when there are more owners than jobs to claim", async () => {
    const modelId = newModelId();
    const owners = Array.from({ length: 5 }, (_, index) => `${index}-${newOwner()}`);
    for (const ownerId of owners) await storeLeaves(["one", "two"], { ownerId, modelId });
    const taken: string[] = [];
    for (const count of [2, 2, 2, 2, 2]) {
      const jobs = await claim(newLease(modelId), later(1), count, taken.at(-1));
      taken.push(...jobs.map((job) => job.ownerId));
    }
    expect(taken).toEqual([...owners, ...owners]);
  });

  it("are claimed past owners whose jobs all wait for later", async () => {
    const { database } = storage();
    const modelId = newModelId();
    const [first, second] = [`a-${newOwner()}`, `b-${newOwner()}`];
    await storeLeaves(["failing"], { ownerId: first, modelId });
    await storeLeaves(["waiting"], { ownerId: second, modelId });
    const lease = newLease(modelId);
    const [job] = await claim(lease, start, 1);
    if (!job) throw new Error("nothing was claimed");
    await failJobs(database, lease, [{ job, retryAt: later(60), error: "INTERNAL" }], start);
    expect((await claim(newLease(modelId), later(1), 1)).map(({ ownerId }) => ownerId)).toEqual([second]);
    expect(await claim(newLease(modelId), later(1), 1)).toEqual([]);
  });

  it("stay with their worker as long as it extends the lease, and those that were taken over stay with the other", async () => {
    const { database } = storage();
    const { modelId } = await storeLeaves(["one", "two"]);
    const lease = newLease(modelId);
    const jobs = await claim(lease, start);
    await extendLease(database, lease, jobs, later(120));
    expect(await claim(newLease(modelId), later(119))).toEqual([]);
    const current = newLease(modelId);
    expect(await claim(current, later(120), 1)).toHaveLength(1);
    await extendLease(database, lease, jobs, later(1_000));
    expect(await claim(newLease(modelId), later(180))).toHaveLength(1);
  });

  it("gives a job again once its lease has run out, and not before", async () => {
    const { modelId } = await storeLeaves(["text"]);
    await claim(newLease(modelId), start);
    expect(await claim(newLease(modelId), later(59))).toEqual([]);
    expect(await claim(newLease(modelId), later(60))).toMatchObject([{ content: "text", attempts: 2 }]);
  });

  it("are dead after the last attempt also if nobody lived to report it", async () => {
    const { document, modelId } = await storeLeaves(["ends the process that embeds it"]);
    for (let attempt = 1; attempt <= limits.embeddingAttemptsMax; attempt++) {
      expect(await claim(newLease(modelId), later(60 * attempt))).toMatchObject([{ attempts: attempt }]);
    }
    expect(await claim(newLease(modelId), later(3_600))).toEqual([]);
    expect(await countJobs(document)).toEqual({ waiting: 0, dead: 1 });
  });

  it("stores nothing of a lease that was taken over, and leaves the job to the one who has it", async () => {
    const { database, table } = storage();
    const { document, modelId } = await storeLeaves(["text"]);
    const [stale, current] = [newLease(modelId), newLease(modelId)];
    const staleJobs = await claim(stale, start);
    const currentJobs = await claim(current, later(60));
    expect(await completeJobs(database, stale, table, staleJobs.map(embedded))).toBe(0);
    await failJobs(
      database,
      stale,
      staleJobs.map((job) => ({ job, retryAt: undefined, error: "STALE" })),
      later(61),
    );
    await releaseJobs(database, stale, staleJobs, { now: later(61) });
    expect(await countJobs(document)).toEqual({ waiting: 1, dead: 0 });
    expect(await claim(newLease(modelId), later(62))).toEqual([]);
    expect(await completeJobs(database, current, table, currentJobs.map(embedded))).toBe(1);
    expect(await completeJobs(database, stale, table, staleJobs.map(embedded))).toBe(0);
  });

  it("drops the vector of a chunk that was deleted meanwhile and stores the others", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const modelId = newModelId();
    await storeLeaves(["stays"], { ownerId, modelId });
    const { document } = await storeLeaves(["goes"], { ownerId, modelId });
    const lease = newLease(modelId);
    const jobs = await claim(lease, later(1));
    await database.transaction((transaction) => deleteDocument(transaction, document, new Date()));
    expect(await completeJobs(database, lease, table, jobs.map(embedded))).toBe(1);
    const { rowCount } = await database.query("count", `select 1 from ${table.tableName} where owner_id = $1`, [ownerId]);
    expect(rowCount).toBe(1);
  });

  it("wait after a failure, keep its reason, and are dead once no retry is given", async () => {
    const { database } = storage();
    const { document, modelId } = await storeLeaves(["text"]);
    const failing = newLease(modelId);
    const fail = async (lease: Lease, at: Date, retryAt: Date | undefined) => {
      const jobs = await claim(lease, at);
      await failJobs(
        database,
        lease,
        jobs.map((job) => ({ job, retryAt, error: "DEPENDENCY_UNAVAILABLE" })),
        at,
      );
      return jobs.map((job) => job.attempts);
    };
    expect(await fail(failing, start, later(30))).toEqual([1]);
    expect(await claim(newLease(modelId), later(29))).toEqual([]);
    expect(await fail(newLease(modelId), later(30), undefined)).toEqual([2]);
    expect(await countJobs(document)).toEqual({ waiting: 0, dead: 1 });
    expect(await claim(newLease(modelId), later(1_000_000))).toEqual([]);
    const { rows } = await database.query("read", "select state, attempts, last_error from embedding_jobs where model_id = $1", [
      modelId,
    ]);
    expect(rows).toEqual([{ state: "dead", attempts: 2, last_error: "DEPENDENCY_UNAVAILABLE" }]);
  });

  it("are given back unharmed: at once available, with the attempt not counted", async () => {
    const { database } = storage();
    const { modelId } = await storeLeaves(["one", "two"]);
    const lease = newLease(modelId);
    await releaseJobs(database, lease, await claim(lease, start), { now: later(1) });
    expect((await claim(newLease(modelId), later(1))).map((job) => job.attempts)).toEqual([1, 1]);
  });

  it("are all available at once when no other process can hold them", async () => {
    const { database } = storage();
    const { modelId } = await storeLeaves(["text"]);
    const lease = newLease(modelId);
    await claim(lease, start);
    await releaseAbandonedJobs(database, later(1));
    expect(await claim(newLease(modelId), later(1))).toMatchObject([{ content: "text", attempts: 2 }]);
  });

  it("are counted per document, dead ones apart, of the model that is searched", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const { modelId } = table;
    const { document } = await storeLeaves(["a", "b", "c"], { ownerId, modelId });
    const { document: another } = await storeLeaves(["of another document"], { ownerId, modelId, now: later(100) });
    const lease = newLease(modelId);
    const [first] = await claim(lease, start, 1);
    if (!first) throw new Error("nothing was claimed");
    await failJobs(database, lease, [{ job: first, retryAt: undefined, error: "INTERNAL" }], start);
    const { document: ofAnotherModel } = await storeLeaves(["of a model that nobody searches"]);
    const ofAnotherOwner = { ...document, ownerId: newOwner() };
    expect(await countPendingJobs(database, [another, ofAnotherOwner, document, ofAnotherModel])).toEqual([
      { waiting: 1, dead: 0 },
      { waiting: 0, dead: 0 },
      { waiting: 2, dead: 1 },
      { waiting: 0, dead: 0 },
    ]);
    expect(await countPendingJobs(database, [])).toEqual([]);
  });

  it("are deleted when they are claimed and their chunk is gone", async () => {
    const { database } = storage();
    const { document, modelId } = await storeLeaves(["gone", "as well"]);
    await database.query("orphan", "delete from document_chunks where owner_id = $1", [document.ownerId]);
    expect(await claim(newLease(modelId), start)).toEqual([]);
    expect((await database.query("look", "select 1 from embedding_jobs where model_id = $1", [modelId])).rowCount).toBe(0);
  });

  it("are removed with their chunk even while leased, in the transaction that stores the new text", async () => {
    const { database, table } = storage();
    const key = { ownerId: newOwner(), modelId: newModelId(), idAtOrigin: "replaced" };
    await storeLeaves(["old text", "kept text"], key);
    const lease = newLease(key.modelId);
    const jobs = await claim(lease, start);
    await storeLeaves(["new text", "kept text"], key);
    expect(await completeJobs(database, lease, table, jobs.map(embedded))).toBe(1);
    expect((await claim(newLease(key.modelId), later(1))).map((job) => job.content)).toEqual(["new text"]);
  });

  /** Jobs of a document, whatever their model. */
  async function countJobs(document: { ownerId: string; documentId: string }) {
    const { rows } = await storage().database.query<{ waiting: number; dead: number }>(
      "count",
      `select count(*) filter (where state <> 'dead')::integer as waiting, count(*) filter (where state = 'dead')::integer as dead
       from document_chunks join embedding_jobs using (owner_id, chunk_id) where owner_id = $1 and document_id = $2`,
      [document.ownerId, document.documentId],
    );
    return rows[0];
  }

  function claim(lease: Lease, now: Date, count = 100, afterOwnerId?: string): Promise<LeasedJob[]> {
    return claimJobs(storage().database, lease, { count, now, leaseUntil: new Date(now.getTime() + 60_000), afterOwnerId });
  }

  /** Stores a document whose jobs are of a model of their own, so that no other test takes them. */
  async function storeLeaves(
    leaves: string[],
    given: { ownerId?: string; modelId?: string; idAtOrigin?: string; now?: Date } = {},
  ) {
    const { modelId = newModelId(), now = start, ...facts } = given;
    const [result] = await store(storage().database, [{ ...facts, leaves }], { modelId, now });
    if (!result) throw new Error("nothing was stored");
    return { document: result.document, modelId };
  }
});

function newLease(modelId: string): Lease {
  return { leaseId: randomUUID(), modelId };
}

function newModelId(): string {
  return `model-${randomUUID()}`;
}

function embedded(job: LeasedJob): { job: LeasedJob; embedding: Float32Array } {
  return { job, embedding: embedHashedWords(job.content, dimension) };
}
