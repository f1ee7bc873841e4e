import { beforeAll, describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { CancelledError, DependencyUnavailableError, LimitExceededError } from "../../src/domain/errors.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { type SearchQuery, search } from "../../src/search/search.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
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

  function find(provider: EmbeddingProvider, searchType: SearchQuery["searchType"]) {
    const query = {
      ownerId,
      queryText: "mill river",
      searchType,
      limit: 10,
      alpha: 0.7,
      fusion: "relative_score",
      filter: {},
    } as const;
    return search({ ...documents(), provider }, query, never);
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
