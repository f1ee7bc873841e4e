import { beforeAll, describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { CancelledError, DependencyUnavailableError, LimitExceededError } from "../../src/domain/errors.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { search } from "../../src/search/search.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { newQuery } from "../support/search-answers.ts";
import { newResultCache, newSearchDeps } from "../support/search-deps.ts";
import { dimension, embedWaiting, newOwner } from "../support/test-storage.ts";

const working = createHashingEmbedder({ dimension });
const unavailable = new DependencyUnavailableError("embeddings", "the embedder does not answer");
const busy = new LimitExceededError("EMBEDDER_BUSY", "too many texts wait", 100);

/** An embedder outside of the service that fails. */
function failing(error: unknown): EmbeddingProvider {
  return { ...working, embed: () => Promise.reject(error) };
}

describe.each(testDatabases())("searching without an embedder on $name", (kind) => {
  const documents = useDocuments(kind);
  const ownerId = newOwner();

  beforeAll(async () => {
    const contents = ["a mill by the river", "a bridge over the river", "corn bread"];
    await addDocuments(
      documents(),
      contents.map((content) => newDocument({ ownerId, content, language: "en" })),
      never,
    );
    await embedWaiting(documents());
  });

  function find(provider: EmbeddingProvider, searchType: SearchQuery["searchType"], given: Partial<SearchQuery> = {}) {
    const query = newQuery({ ownerId, queryText: "mill river", searchType, ...given });
    return search(newSearchDeps(documents(), { provider }), query, never);
  }

  it.each([
    { what: "does not answer", error: unavailable },
    { what: "has too much to do", error: busy },
  ])("looks at words alone where it $what, and says so", async ({ error }) => {
    const { hits, receipt } = await find(failing(error), "hybrid");
    expect(hits.map((hit) => hit.content)).toEqual(["a mill by the river", "a bridge over the river"]);
    expect(hits.every((hit) => hit.similarity === undefined)).toBe(true);
    expect(receipt).toMatchObject({
      plan: "text_only",
      modelId: undefined,
      candidatesVector: 0,
      candidatesText: 2,
      shortfallReason: "fewer_match",
      degraded: ["embedder_unavailable"],
    });
  });

  it("fails where vectors were asked for, since nothing else can answer", async () => {
    await expect(find(failing(unavailable), "vector")).rejects.toBe(unavailable);
    await expect(find(failing(busy), "vector")).rejects.toBe(busy);
  });

  it("keeps what it found without vectors for nobody", async () => {
    const resultCache = newResultCache(documents());
    const query = newQuery({ ownerId, queryText: "mill river" });
    const degraded = await search(newSearchDeps(documents(), { provider: failing(unavailable), resultCache }), query, never);
    const whole = await search(newSearchDeps(documents(), { resultCache }), query, never);
    expect(degraded.receipt.degraded).toEqual(["embedder_unavailable"]);
    expect(whole.receipt).toMatchObject({ degraded: [], cacheHit: false, plan: "exact" });
  });

  it("goes on without models that are not there, and says which", async () => {
    const routing = { threshold: 0.7 };
    const { hits, receipt, ...answer } = await find(working, "hybrid", { queryExpansion: "model", rerank: "model", routing });
    expect(hits).toHaveLength(3);
    expect(receipt.degraded).toEqual(["expansion_unavailable", "reranker_unavailable", "routing_unavailable"]);
    expect(answer.routing).toMatchObject({ route: "retrieval", confidence: 0 });
  });

  it("does not need one where words were asked for", async () => {
    const { hits, receipt } = await find(failing(unavailable), "text");
    expect(hits).toHaveLength(2);
    expect(receipt.degraded).toEqual([]);
  });

  it("hides no mistake of ours, and no caller that went away", async () => {
    const mistake = new TypeError("a mistake");
    await expect(find(failing(mistake), "hybrid")).rejects.toBe(mistake);
    const cancelled = new CancelledError("gone");
    await expect(find(failing(cancelled), "hybrid")).rejects.toBe(cancelled);
  });

  it("counts and times searches that fail as well", async () => {
    const { metrics } = documents();
    const label = { owner_id: metrics.owners.label(ownerId), search_type: "vector" };
    const count = async () =>
      (await metrics.searchRequests.get()).values.find((value) => value.labels.search_type === label.search_type)?.value ?? 0;
    const before = await count();
    await expect(find(failing(unavailable), "vector")).rejects.toBe(unavailable);
    await find(working, "vector");
    expect((await count()) - before).toBe(2);
    const text = await metrics.registry.metrics();
    expect(text).toContain(`memory_search_results_count_sum{owner_id="${label.owner_id}",search_type="vector"} 3`);
  });
});
