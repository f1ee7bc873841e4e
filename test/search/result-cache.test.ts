import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { createMetrics } from "../../src/observability/metrics.ts";
import { ResultCache } from "../../src/search/result-cache.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { newAnswer, newQuery } from "../support/search-answers.ts";

let metrics: ReturnType<typeof createMetrics>;

beforeEach(() => {
  metrics = createMetrics({ ownerLabels: true, version: "test" });
});

function newCache(bytesMax = 1_000_000): ResultCache {
  return new ResultCache({ bytesMax, metrics });
}

/** What an answer is made of: vectors of a model, and the owner's data of a version. */
function at(version: bigint, modelId = "hashing/64") {
  return { modelId, version };
}

describe("the cache of answers", () => {
  it("gives an answer again, under a new search id and marked as a hit, without the first one's times", () => {
    const cache = newCache();
    const [query, answer] = [newQuery(), newAnswer()];
    cache.set(query, at(3n), answer);
    const first = cache.get(query, at(3n));
    const second = cache.get({ ...query }, at(3n));
    expect(first).toMatchObject({ hits: answer.hits, receipt: { plan: "exact", cacheHit: true, stageTimes: [] } });
    expect(new Set([answer.searchId, first?.searchId, second?.searchId]).size).toBe(3);
    expect(answer.receipt).toMatchObject({ cacheHit: false, stageTimes: [{ stage: "candidates" }] });
  });

  it("gives what nobody can change", () => {
    const cache = newCache();
    const query = newQuery();
    cache.set(query, at(1n), newAnswer());
    const answer = cache.get(query, at(1n));
    expect(() => Object.assign(answer?.hits[0]?.documentMetadata ?? {}, { place: "elsewhere" })).toThrow(TypeError);
    expect(() => Object.assign(answer?.hits ?? {}, { length: 0 })).toThrow(TypeError);
    expect(() => Object.assign(answer?.receipt ?? {}, { plan: "text_only" })).toThrow(TypeError);
  });

  it("gives nothing that has become too old", async () => {
    const cache = new ResultCache({ bytesMax: 1_000_000, ageMsMax: 20, metrics });
    const query = newQuery();
    cache.set(query, at(1n), newAnswer());
    await expect.poll(() => cache.get(query, at(1n))).toBeUndefined();
  });

  it("gives nothing once the owner's version has moved, nor for a version that is over", () => {
    const cache = newCache();
    const query = newQuery();
    cache.set(query, at(5n), newAnswer());
    expect(cache.get(query, at(4n))).toBeUndefined();
    expect(cache.get(query, at(5n))).toBeDefined();
    expect(cache.get(query, at(6n))).toBeUndefined();
    // It was dropped when it was found to be old.
    expect(cache.get(query, at(5n))).toBeUndefined();
  });

  it("keeps the newer answer when a search that began earlier ends later", () => {
    const cache = newCache();
    const [query, newer] = [newQuery(), newAnswer()];
    cache.set(query, at(6n), newer);
    cache.set(query, at(5n), newAnswer());
    expect(cache.get(query, at(6n))?.hits).toEqual(newer.hits);
  });

  it("tells the answers of two models apart, each as long as the version stands", () => {
    const cache = newCache();
    const [query, one, other] = [newQuery(), newAnswer(), newAnswer()];
    cache.set(query, at(1n), one);
    expect(cache.get(query, at(1n, "hashing/32"))).toBeUndefined();
    cache.set(query, at(1n, "hashing/32"), other);
    expect(cache.get(query, at(1n))?.hits).toEqual(one.hits);
    expect(cache.get(query, at(1n, "hashing/32"))?.hits).toEqual(other.hits);
  });

  it.each<{ part: string; other: Partial<SearchQuery> }>([
    { part: "owner", other: { ownerId: "another" } },
    { part: "text", other: { queryText: "mills" } },
    { part: "type", other: { searchType: "text" } },
    { part: "limit", other: { limit: 11 } },
    { part: "alpha", other: { alpha: 0.71 } },
    { part: "fusion", other: { fusion: "rrf" } },
    { part: "language", other: { language: "en" } },
    { part: "filter of types", other: { filter: { documentTypes: ["chat"] } } },
    { part: "filter of dates", other: { filter: { dateFrom: new Date("2026-01-01T00:00:00.001Z") } } },
    { part: "filter of metadata", other: { filter: { metadata: { kind: "equal", path: ["a"], value: "1" } } } },
    { part: "least score", other: { minScore: 0 } },
    { part: "window", other: { contextWindow: 1 } },
    { part: "reranking", other: { rerank: "lexical" } },
    { part: "routing", other: { routing: { threshold: 0.7 } } },
  ])("tells queries apart by their $part", ({ other }) => {
    const cache = newCache();
    const query = newQuery({ filter: { dateFrom: new Date("2026-01-01"), metadata: { kind: "equal", path: ["a"], value: 1 } } });
    cache.set(query, at(1n), newAnswer());
    expect(cache.get({ ...query, ...other }, at(1n))).toBeUndefined();
    expect(cache.get(structuredClone(query), at(1n))).toBeDefined();
  });

  it("takes two queries for one whatever the order of names", () => {
    const cache = newCache();
    const query = newQuery();
    cache.set(query, at(1n), newAnswer());
    expect(cache.get(Object.fromEntries(Object.entries(query).reverse()) as unknown as SearchQuery, at(1n))).toBeDefined();
  });

  it("keeps no answer that a model or a deadline left incomplete, and none that depends on the time of day", () => {
    const cache = newCache();
    const query = newQuery();
    cache.set(query, at(1n), newAnswer({ receipt: { degraded: ["embeddings_pending"] } }));
    expect(cache.get(query, at(1n))).toBeUndefined();
    cache.set(query, at(1n), newAnswer({ receipt: { shortfallReason: "deadline" } }));
    expect(cache.get(query, at(1n))).toBeUndefined();
    cache.set(query, at(1n), newAnswer({ receipt: { shortfallReason: "fewer_match" } }));
    expect(cache.get(query, at(1n))).toBeDefined();
    const recent = newQuery({ recency: { halfLifeMs: 1_000, weight: 0.3 } });
    cache.set(recent, at(1n), newAnswer());
    expect(cache.get(recent, at(1n))).toBeUndefined();
  });

  it("counts hits and misses by owner", async () => {
    const cache = newCache();
    const query = newQuery({ ownerId: "alice" });
    cache.get(query, at(1n));
    cache.set(query, at(1n), newAnswer());
    cache.get(query, at(1n));
    cache.get(query, at(1n));
    const text = await metrics.registry.metrics();
    expect(text).toContain('memory_search_cache_misses_total{owner_id="alice"} 1');
    expect(text).toContain('memory_search_cache_hits_total{owner_id="alice"} 2');
  });

  it("holds no more bytes than it may, by what the answers hold", () => {
    // Room for three answers of 15,000 characters of two bytes, not for four.
    const cache = newCache(120_000);
    const content = "x".repeat(15_000);
    const queries = Array.from({ length: 6 }, () => newQuery());
    for (const query of queries) cache.set(query, at(1n), newAnswer({ content }));
    expect(queries.map((query) => cache.get(query, at(1n)) !== undefined)).toEqual([false, false, false, true, true, true]);
    const tooLarge = newQuery();
    cache.set(tooLarge, at(1n), newAnswer({ chunkIds: Array.from({ length: 4 }, () => randomUUID()), content }));
    expect(cache.get(tooLarge, at(1n))).toBeUndefined();
  });

  it("keeps and counts nothing if it may hold nothing", async () => {
    const cache = newCache(0);
    const query = newQuery();
    cache.set(query, at(1n), newAnswer());
    expect(cache.get(query, at(1n))).toBeUndefined();
    expect((await metrics.searchCacheMisses.get()).values).toEqual([]);
  });
});
