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
    return readOwnerStatistics(deps().database, deps().table, ownerId);
  }

  it("works off what waited before it started, and what comes while it runs", async () => {
    const ownerId = newOwner();
    const before = await add(ownerId, ["came before", "as well"]);
    await withWorkers([hashing], async () => {
      for (const document of before) expect(await waitUntilSearchable(deps(), document, never)).toBe(0);
      for (const document of await add(ownerId, ["came later"]))
        expect(await waitUntilSearchable(deps(), document, never)).toBe(0);
    });
    expect(await statistics(ownerId)).toMatchObject({ embeddedChunkCount: 3, embeddingsPending: 0, embeddingsDead: 0 });
  });

  it("embeds the compatibility forms of letters as the letters, and leaves the text as it came", async () => {
    const [wide] = await add(newOwner(), ["ｒｉｖｅｒ"]);
    if (!wide) throw new Error("nothing was added");
    await withWorkers([hashing], () => waitUntilSearchable(deps(), wide, never));
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
      for (const document of documents) await waitUntilSearchable(deps(), document, never);
    });
    expect(seen.toSorted()).toEqual(contents.toSorted());
    expect(await statistics(ownerId)).toMatchObject({ embeddedChunkCount: 100, embeddingsPending: 0 });
  });

  it("gives its jobs back when it stops, unharmed, and another worker takes them at once", async () => {
    const ownerId = newOwner();
    const [document] = await add(ownerId, ["left over"]);
    if (!document) throw new Error("nothing was added");
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
    const { rows } = await deps().database.query(
      "look",
      "select state, attempts, lease_id from embedding_jobs where owner_id = $1",
      [ownerId],
    );
    expect(rows).toEqual([{ state: "pending", attempts: 0, lease_id: null }]);
    await withWorkers([hashing], () => waitUntilSearchable(deps(), document, never));
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

  it("tries a batch once, not each of its texts, where the embedder itself is down", async () => {
    const ownerId = newOwner();
    const embed = vi.fn(() => Promise.reject(new DependencyUnavailableError("embeddings", "down")));
    await add(ownerId, ["one", "two", "three"]);
    await withWorkers([{ ...hashing, embed }], () =>
      expect
        .poll(
          async () =>
            (
              await deps().database.query("look", "select 1 from embedding_jobs where owner_id = $1 and last_error is not null", [
                ownerId,
              ])
            ).rowCount,
          { timeout: 10_000 },
        )
        .toBe(3),
    );
    const { rows } = await deps().database.query(
      "look",
      "select distinct state, attempts, last_error from embedding_jobs where owner_id = $1",
      [ownerId],
    );
    expect(rows).toEqual([{ state: "pending", attempts: 1, last_error: "DEPENDENCY_UNAVAILABLE" }]);
    expect(embed.mock.calls.length).toBeLessThanOrEqual(2);
  });

  it("gives a job up after its last attempt, and says so to those who wait for it", async () => {
    const ownerId = newOwner();
    const [document] = await add(ownerId, ["hopeless"]);
    if (!document) throw new Error("nothing was added");
    await deps().database.query("age", "update embedding_jobs set attempts = $2 where owner_id = $1", [
      ownerId,
      limits.embeddingAttemptsMax - 1,
    ]);
    const broken: EmbeddingProvider = { ...hashing, embed: () => Promise.reject(new Error("cannot be embedded")) };
    await withWorkers([broken], async () => expect(await waitUntilSearchable(deps(), document, never)).toBe(1));
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
      expect(await waitUntilSearchable(deps(), document, never)).toBe(0);
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
