import { beforeEach, describe, expect, it } from "vitest";
import { CancelledError, DependencyUnavailableError } from "../../src/domain/errors.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder, embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { QueryEmbeddingCache } from "../../src/search/query-embedding-cache.ts";

const dimension = 64;
const never = new AbortController().signal;
let metrics: ReturnType<typeof createMetrics>;

beforeEach(() => {
  metrics = createMetrics({ ownerLabels: true, version: "test" });
});

/** The hashing embedder, whose calls are counted and wait until a test lets them go. */
function gatedProvider(modelId = `hashing/${dimension}`) {
  const hashing = createHashingEmbedder({ dimension });
  const calls: { text: string; signal: AbortSignal; open: () => void; fail: (error: Error) => void }[] = [];
  const provider: EmbeddingProvider = {
    model: { ...hashing.model, modelId },
    close: () => hashing.close(),
    async embed(texts, purpose, signal) {
      expect(purpose).toBe("query");
      const gate = Promise.withResolvers<void>();
      calls.push({ text: texts.join(), signal, open: gate.resolve, fail: gate.reject });
      await gate.promise;
      return await hashing.embed(texts, purpose, signal);
    },
  };
  return { provider, calls };
}

async function counts(): Promise<{ hits: number; misses: number }> {
  const countOf = async (counter: typeof metrics.queryCacheHits) => (await counter.get()).values[0]?.value ?? 0;
  return { hits: await countOf(metrics.queryCacheHits), misses: await countOf(metrics.queryCacheMisses) };
}

describe("the cache of query embeddings", () => {
  const plain = createHashingEmbedder({ dimension });

  it("embeds a query once, in NFKC, and counts", async () => {
    const cache = new QueryEmbeddingCache(1_000_000, metrics);
    const { provider, calls } = gatedProvider();
    const first = cache.embed(provider, "ﬁne corn", never);
    calls[0]?.open();
    expect(await first).toEqual(embedHashedWords("fine corn", dimension));
    expect(await cache.embed(provider, "fine corn", never)).toEqual(await first);
    expect(calls.map(({ text }) => text)).toEqual(["fine corn"]);
    expect(await counts()).toEqual({ hits: 1, misses: 1 });
  });

  it("gives each caller a vector of its own", async () => {
    const cache = new QueryEmbeddingCache(1_000_000, metrics);
    const [one, two] = await Promise.all([cache.embed(plain, "mill", never), cache.embed(plain, "mill", never)]);
    one.fill(7);
    two.fill(8);
    expect(await cache.embed(plain, "mill", never)).toEqual(embedHashedWords("mill", dimension));
  });

  it("keeps queries of two models apart", async () => {
    const cache = new QueryEmbeddingCache(1_000_000, metrics);
    const [one, two] = [gatedProvider("one"), gatedProvider("two")];
    const both = [cache.embed(one.provider, "mill", never), cache.embed(two.provider, "mill", never)];
    for (const { calls } of [one, two]) calls[0]?.open();
    await Promise.all(both);
    expect([one.calls.length, two.calls.length]).toEqual([1, 1]);
  });

  it("makes one call of all who ask at the same time", async () => {
    const cache = new QueryEmbeddingCache(1_000_000, metrics);
    const { provider, calls } = gatedProvider();
    const waiting = Array.from({ length: 5 }, () => cache.embed(provider, "mill", never));
    calls[0]?.open();
    for (const vector of await Promise.all(waiting)) expect(vector).toEqual(embedHashedWords("mill", dimension));
    expect(calls).toHaveLength(1);
    expect(await counts()).toEqual({ hits: 4, misses: 1 });
  });

  it("lets one go without failing the others", async () => {
    const cache = new QueryEmbeddingCache(1_000_000, metrics);
    const { provider, calls } = gatedProvider();
    const impatient = new AbortController();
    const gone = cache.embed(provider, "mill", impatient.signal);
    const stays = cache.embed(provider, "mill", never);
    impatient.abort();
    await expect(gone).rejects.toThrow(CancelledError);
    expect(calls[0]?.signal.aborted).toBe(false);
    calls[0]?.open();
    expect(await stays).toEqual(embedHashedWords("mill", dimension));
  });

  it("gives up a call that nobody waits for, and begins another for the next", async () => {
    const cache = new QueryEmbeddingCache(1_000_000, metrics);
    const { provider, calls } = gatedProvider();
    const impatient = new AbortController();
    const gone = [cache.embed(provider, "mill", impatient.signal), cache.embed(provider, "mill", impatient.signal)];
    impatient.abort();
    for (const result of await Promise.allSettled(gone)) expect(result).toMatchObject({ reason: expect.any(CancelledError) });
    expect(calls[0]?.signal.aborted).toBe(true);
    const next = cache.embed(provider, "mill", never);
    expect(calls).toHaveLength(2);
    // The first call ends after all, and must not take the second one's place.
    calls[0]?.fail(new CancelledError("given up"));
    calls[1]?.open();
    expect(await next).toEqual(embedHashedWords("mill", dimension));
  });

  it("tells all who wait of a failure, and keeps none", async () => {
    const cache = new QueryEmbeddingCache(1_000_000, metrics);
    const { provider, calls } = gatedProvider();
    const failing = [cache.embed(provider, "mill", never), cache.embed(provider, "mill", never)];
    calls[0]?.fail(new DependencyUnavailableError("embeddings", "the model is away"));
    for (const result of await Promise.allSettled(failing))
      expect(result).toMatchObject({ reason: expect.any(DependencyUnavailableError) });
    const next = cache.embed(provider, "mill", never);
    calls[1]?.open();
    expect(await next).toEqual(embedHashedWords("mill", dimension));
  });

  it("holds no more bytes than it may, and forgets what was not used longest", async () => {
    const vectorBytes = dimension * 4;
    // Room for three vectors with their keys, not for four.
    const cache = new QueryEmbeddingCache(4 * (vectorBytes + 220), metrics);
    for (const text of ["a", "b", "c", "a", "d"]) await cache.embed(plain, text, never);
    const before = await counts();
    await cache.embed(plain, "a", never);
    expect((await counts()).hits).toBe(before.hits + 1);
    await cache.embed(plain, "b", never);
    expect((await counts()).misses).toBe(before.misses + 1);
  });

  it("keeps nothing if it may hold nothing", async () => {
    const cache = new QueryEmbeddingCache(0, metrics);
    await cache.embed(plain, "mill", never);
    await cache.embed(plain, "mill", never);
    expect(await counts()).toEqual({ hits: 0, misses: 2 });
  });
});
