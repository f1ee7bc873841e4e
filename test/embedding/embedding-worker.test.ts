import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { waitUntilSearchable } from "../../src/documents/wait-until-searchable.ts";
import { DependencyUnavailableError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { EmbeddingWorker, retryTime } from "../../src/embedding/embedding-worker.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { readOwnerStatistics } from "../../src/storage/owner-statistics.ts";
import { readChunks } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { dimension, newOwner } from "../support/test-storage.ts";

const hashing = createHashingEmbedder({ dimension });

describe.each(testDatabases())("the embedding worker on $name", (kind) => {
  const deps = useDocuments(kind);

  /** Starts a worker for as long as the test runs. */
  async function withWorkers<T>(providers: readonly EmbeddingProvider[], run: () => Promise<T>): Promise<T> {
    const workers = providers.map((provider) => new EmbeddingWorker({ ...deps(), provider }));
    try {
      return await run();
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
    }
  }

  async function add(ownerId: string, contents: readonly string[]) {
    const results = await addDocuments(
      deps(),
      contents.map((content) => newDocument({ ownerId, content })),
      never,
    );
    return results.map((result) => result.document);
  }

  function statistics(ownerId: string) {
    return readOwnerStatistics(deps().database, deps().table, ownerId, new Date());
  }

  it("works off what waited before it started, and what comes while it runs", async () => {
    const ownerId = newOwner();
    const before = await add(ownerId, ["came before", "as well"]);
    await withWorkers([hashing], async () => {
      for (const document of before) expect(await waitUntilSearchable(deps(), [document], never)).toEqual([0]);
      for (const document of await add(ownerId, ["came later"]))
        expect(await waitUntilSearchable(deps(), [document], never)).toEqual([0]);
    });
    expect(await statistics(ownerId)).toMatchObject({ embeddedChunkCount: 3, embeddingsPending: 0, embeddingsDead: 0 });
  });

  it("embeds the compatibility forms of letters as the letters, and leaves the text as it came", async () => {
    const [wide] = await add(newOwner(), ["ｒｉｖｅｒ"]);
    if (!wide) throw new Error("nothing was added");
    await withWorkers([hashing], () => waitUntilSearchable(deps(), [wide], never));
    const [chunk] = await readChunks(deps().database, wide, { embeddingsOf: deps().table });
    const [expected] = await hashing.embed(["river"], "document", never);
    expect(chunk?.content).toBe("ｒｉｖｅｒ");
    expect(chunk?.embedding?.map(Math.abs)).toEqual([...(expected ?? [])].map(Math.abs));
  });

  it("shares the jobs with another worker: each text is embedded once", async () => {
    const ownerId = newOwner();
    const seen: string[] = [];
    const counting = (): EmbeddingProvider => ({
      ...hashing,
      embed: (texts, purpose, signal) => {
        seen.push(...texts);
        return hashing.embed(texts, purpose, signal);
      },
    });
    const contents = Array.from({ length: 100 }, (_, index) => `text ${index}`);
    const documents = await add(ownerId, contents);
    await withWorkers([counting(), counting()], async () => {
      for (const document of documents) await waitUntilSearchable(deps(), [document], never);
    });
    expect(seen.toSorted()).toEqual(contents.toSorted());
    expect(await statistics(ownerId)).toMatchObject({ embeddedChunkCount: 100, embeddingsPending: 0 });
  });

  it("gives its jobs back when it stops, unharmed, and another worker takes them at once", async () => {
    const ownerId = newOwner();
    const [document] = await add(ownerId, ["left over"]);
    if (!document) throw new Error("nothing was added");
    const noticesBefore = deps().jobsEnqueued.count;
    const started = Promise.withResolvers<void>();
    const stuck: EmbeddingProvider = {
      ...hashing,
      embed: (_texts, _purpose, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          started.resolve();
        }),
    };
    await withWorkers([stuck], () => started.promise);
    expect(deps().jobsEnqueued.count).toBeGreaterThan(noticesBefore);
    const { rows } = await deps().database.query(
      "look",
      "select state, attempts, lease_id from embedding_jobs where owner_id = $1",
      [ownerId],
    );
    expect(rows).toEqual([{ state: "pending", attempts: 0, lease_id: null }]);
    await withWorkers([hashing], () => waitUntilSearchable(deps(), [document], never));
    expect(await statistics(ownerId)).toMatchObject({ embeddedChunkCount: 1, embeddingsPending: 0 });
  });

  it("lets a text that cannot be embedded fail alone", async () => {
    const ownerId = newOwner();
    const choosy: EmbeddingProvider = {
      ...hashing,
      embed: (texts, purpose, signal) =>
        texts.includes("poison") ? Promise.reject(new Error("cannot be embedded")) : hashing.embed(texts, purpose, signal),
    };
    await add(ownerId, ["fine 1", "poison", "fine 2", "fine 3"]);
    await withWorkers([choosy], () =>
      expect.poll(async () => (await statistics(ownerId)).embeddedChunkCount, { timeout: 10_000 }).toBe(3),
    );
    const { rows } = await deps().database.query(
      "look",
      "select state, attempts, last_error from embedding_jobs where owner_id = $1",
      [ownerId],
    );
    expect(rows).toEqual([{ state: "pending", attempts: 1, last_error: "INTERNAL" }]);
  });

  it("counts no attempt while the embedder is down, and goes on when it works again", async () => {
    const ownerId = newOwner();
    let isDown = true;
    const embed = vi.fn<EmbeddingProvider["embed"]>((...call) =>
      isDown ? Promise.reject(new DependencyUnavailableError("embeddings", "down")) : hashing.embed(...call),
    );
    const documents = await add(
      ownerId,
      Array.from({ length: 40 }, (_, index) => `text ${index}`),
    );
    const jobs = "select distinct state, attempts from embedding_jobs where owner_id = $1";
    const reasons = "select 1 from embedding_jobs where owner_id = $1 and last_error = 'DEPENDENCY_UNAVAILABLE'";
    await withWorkers([{ ...hashing, embed }], async () => {
      await expect.poll(async () => (await deps().database.query("look", reasons, [ownerId])).rowCount).toBeGreaterThan(0);
      // Two batches at most, and trials; while these fail, nothing is claimed.
      await expect.poll(() => embed.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(3);
      expect(embed.mock.calls.filter(([texts]) => texts.length > 1).length).toBeLessThanOrEqual(2);
      expect((await deps().database.query("look", jobs, [ownerId])).rows).toEqual([{ state: "pending", attempts: 0 }]);
      isDown = false;
      for (const document of documents) expect(await waitUntilSearchable(deps(), [document], never)).toEqual([0]);
    });
    expect(await statistics(ownerId)).toMatchObject({ embeddedChunkCount: 40, embeddingsPending: 0, embeddingsDead: 0 });
  });

  it("embeds everything, and buries nothing, though three of ten calls fail", async () => {
    const ownerId = newOwner();
    let calls = 0;
    const flaky: EmbeddingProvider = {
      ...hashing,
      embed: (...call) =>
        [0, 4, 7].includes(calls++ % 10)
          ? Promise.reject(new DependencyUnavailableError("embeddings", "503", { retryAfterMs: 1 }))
          : hashing.embed(...call),
    };
    const documents = await add(
      ownerId,
      Array.from({ length: 100 }, (_, index) => `text ${index}`),
    );
    await withWorkers([flaky], async () => {
      for (const document of documents) expect(await waitUntilSearchable(deps(), [document], never)).toEqual([0]);
    });
    expect(await statistics(ownerId)).toMatchObject({ embeddedChunkCount: 100, embeddingsPending: 0, embeddingsDead: 0 });
  });

  it("embeds a text once that two documents of an owner have, and once for each owner", async () => {
    const seen: string[] = [];
    const counting: EmbeddingProvider = {
      ...hashing,
      embed: (texts, purpose, signal) => {
        seen.push(...texts);
        return hashing.embed(texts, purpose, signal);
      },
    };
    const text = `terms and conditions ${newOwner()}`;
    await withWorkers([counting], async () => {
      const [one, other] = [newOwner(), newOwner()];
      for (const ownerId of [one, one, other]) {
        const [document] = await add(ownerId, [text]);
        if (document) await waitUntilSearchable(deps(), [document], never);
      }
      expect(seen).toEqual([text, text]);
      expect(await statistics(one)).toMatchObject({ embeddedChunkCount: 2 });
      expect(await statistics(other)).toMatchObject({ embeddedChunkCount: 1 });
    });
  });

  it("does not let an owner with many jobs keep another waiting for more than two batches", async () => {
    const [large, small] = [`a-${newOwner()}`, `b-${newOwner()}`];
    const batches: string[][] = [];
    const watched: EmbeddingProvider = {
      ...hashing,
      embed: async (texts, purpose, signal) => {
        batches.push([...texts]);
        return await hashing.embed(texts, purpose, signal);
      },
    };
    await add(
      large,
      Array.from({ length: 400 }, (_, index) => `of the large one ${index}`),
    );
    const documents = await add(
      small,
      Array.from({ length: 10 }, (_, index) => `of the small one ${index}`),
    );
    await withWorkers([watched], async () => {
      for (const document of documents) await waitUntilSearchable(deps(), [document], never);
    });
    const withSmall = batches.flatMap((texts, index) => (texts.some((text) => text.includes("small")) ? [index] : []));
    // The second batch is taken by the other lane at the same time.
    expect(withSmall.length).toBeLessThanOrEqual(2);
    expect(Math.max(...withSmall)).toBeLessThanOrEqual(2);
  });

  it("keeps its jobs for as long as it works on them, though that takes longer than a lease", async () => {
    const ownerId = newOwner();
    const [document] = await add(ownerId, ["takes long"]);
    if (!document) throw new Error("nothing was added");
    const embed = vi.fn<EmbeddingProvider["embed"]>(async (...call) => {
      await sleep(4_000);
      return await hashing.embed(...call);
    });
    const times = { leaseMs: 1_500, callMs: 60_000, trialMs: 1_000 };
    const workers = [0, 1].map(() => new EmbeddingWorker({ ...deps(), provider: { ...hashing, embed } }, times));
    try {
      await waitUntilSearchable(deps(), [document], never);
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
    }
    // Jobs of other tests may be among those that are embedded.
    expect(embed.mock.calls.filter(([texts]) => texts.includes("takes long"))).toHaveLength(1);
  });

  it("gives a job up after its last attempt, and says so to those who wait for it", async () => {
    const ownerId = newOwner();
    const [document] = await add(ownerId, ["hopeless"]);
    if (!document) throw new Error("nothing was added");
    await deps().database.query("age", "update embedding_jobs set attempts = $2 where owner_id = $1", [
      ownerId,
      limits.embeddingAttemptsMax - 1,
    ]);
    const choosy: EmbeddingProvider = {
      ...hashing,
      embed: (texts, ...call) =>
        texts.includes("hopeless") ? Promise.reject(new Error("cannot be embedded")) : hashing.embed(texts, ...call),
    };
    await withWorkers([choosy], async () => expect(await waitUntilSearchable(deps(), [document], never)).toEqual([1]));
    expect(await statistics(ownerId)).toMatchObject({ embeddingsPending: 0, embeddingsDead: 1 });
  });

  it("goes on after the database has failed it", async () => {
    const [document] = await add(newOwner(), ["patient"]);
    if (!document) throw new Error("nothing was added");
    let failures = 3;
    const { database } = deps();
    const flaky: typeof database = Object.create(database, {
      query: {
        value: (...parameters: Parameters<typeof database.query>) => {
          if (failures-- > 0) return Promise.reject(new DependencyUnavailableError("database", "gone"));
          return database.query(...parameters);
        },
      },
      transaction: { value: database.transaction.bind(database) },
    });
    const worker = new EmbeddingWorker({ ...deps(), database: flaky, provider: hashing });
    try {
      expect(await waitUntilSearchable(deps(), [document], never)).toEqual([0]);
    } finally {
      await worker.stop();
    }
  });
});

describe("the time of the next attempt", () => {
  const now = new Date("2026-01-01");

  it.each([
    { attempts: 1, mostMs: 1_000 },
    { attempts: 2, mostMs: 2_000 },
    { attempts: 3, mostMs: 4_000 },
    { attempts: 7, mostMs: 64_000 },
  ])("after $attempts attempts is at most $mostMs ms away and at least half of it", ({ attempts, mostMs }) => {
    const delays = Array.from({ length: 200 }, () => (retryTime(attempts, now)?.getTime() ?? 0) - now.getTime());
    expect(Math.max(...delays)).toBeLessThanOrEqual(mostMs);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(mostMs / 2);
    expect(new Set(delays).size).toBeGreaterThan(10);
  });

  it("is never more than the longest wait", () => {
    for (let attempts = 1; attempts < limits.embeddingAttemptsMax; attempts++)
      expect((retryTime(attempts, now)?.getTime() ?? 0) - now.getTime()).toBeLessThanOrEqual(limits.embeddingBackoffMaxMs);
  });

  it.each([limits.embeddingAttemptsMax, limits.embeddingAttemptsMax + 1])("does not come after %i attempts", (attempts) => {
    expect(retryTime(attempts, now)).toBeUndefined();
  });
});
