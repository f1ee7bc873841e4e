import { beforeAll, describe, expect, it } from "vitest";
import { CancelledError, DependencyUnavailableError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { batchSearch } from "../../src/search/batch-search.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newQuery } from "../support/search-answers.ts";
import { newSearchDeps } from "../support/search-deps.ts";
import { dimension, embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

const working = createHashingEmbedder({ dimension });
const unavailable = new DependencyUnavailableError("embeddings", "the embedder does not answer");

describe.each(testDatabases())("several searches at once on $name", (kind) => {
  const storage = useStorage(kind);
  const ownerId = newOwner();
  const words = Array.from({ length: 12 }, (_, index) => `word${index}`);

  beforeAll(async () => {
    await store(
      storage().database,
      words.map((word) => ({ ownerId, leaves: [word] })),
    );
    await embedWaiting(storage());
  });

  it("are answered in the order they were asked", async () => {
    const queries = words.map((queryText) => newQuery({ ownerId, queryText, limit: 1 }));
    const results = await batchSearch(newSearchDeps(storage()), queries, never);
    expect(results.map((result) => result.status === "fulfilled" && result.value.hits[0]?.content)).toEqual(words);
    const ids = results.map((result) => (result.status === "fulfilled" ? result.value.searchId : ""));
    expect(new Set(ids).size).toBe(words.length);
  });

  it("fail alone", async () => {
    const provider: EmbeddingProvider = {
      ...working,
      embed: (texts, ...rest) => (texts.includes("word3") ? Promise.reject(unavailable) : working.embed(texts, ...rest)),
    };
    const queries = words.map((queryText) => newQuery({ ownerId, queryText, searchType: "vector" }));
    const results = await batchSearch(newSearchDeps(storage(), { provider }), queries, never);
    expect(results.map(({ status }) => status)).toEqual(words.map((word) => (word === "word3" ? "rejected" : "fulfilled")));
    expect(results[3]).toEqual({ status: "rejected", reason: unavailable });
  });

  it("run a few at a time, so that they do not take every connection", async () => {
    let running = 0;
    let most = 0;
    const provider: EmbeddingProvider = {
      ...working,
      embed: async (...parameters) => {
        most = Math.max(most, ++running);
        const vectors = await working.embed(...parameters);
        running--;
        return vectors;
      },
    };
    const queries = words.map((word) => newQuery({ ownerId, queryText: `another ${word}` }));
    await batchSearch(newSearchDeps(storage(), { provider }), queries, never);
    expect(most).toBeLessThanOrEqual(limits.batchSearchesAtOnce);
    expect(most).toBeGreaterThan(1);
  });

  it("end with a caller that went away", async () => {
    const caller = new AbortController();
    caller.abort();
    const queries = words.map((queryText) => newQuery({ ownerId, queryText }));
    const results = await batchSearch(newSearchDeps(storage()), queries, caller.signal);
    expect(results.map((result) => result.status === "rejected" && result.reason instanceof CancelledError)).toEqual(
      words.map(() => true),
    );
  });

  it("are none of none", async () => {
    expect(await batchSearch(newSearchDeps(storage()), [], never)).toEqual([]);
  });
});
