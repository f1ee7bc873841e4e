import { beforeEach, describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { type SearchDeps, search } from "../../src/search/search.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { newQuery } from "../support/search-answers.ts";
import { fixedGeneration, newResultCache, newSearchDeps } from "../support/search-deps.ts";
import { embedWaiting, newOwner } from "../support/test-storage.ts";

describe.each(testDatabases())("answers that are kept on $name", (kind) => {
  const documents = useDocuments(kind);
  let ownerId: string;
  let deps: SearchDeps;

  beforeEach(async () => {
    ownerId = newOwner();
    deps = newSearchDeps(documents(), { resultCache: newResultCache(documents()) });
    await add({ idAtOrigin: "mill", content: "The mill by the river.", metadata: { year: 1900 } });
    await embedWaiting(documents());
  });

  async function add(given: Partial<NewDocument>) {
    await addDocuments(documents(), [newDocument({ ownerId, language: "en", ...given })], never);
  }

  const find = (given: Partial<SearchQuery> = {}, by = deps) =>
    search(by, newQuery({ ownerId, queryText: "mill", ...given }), never);
  const isHit = async (given: Partial<SearchQuery> = {}) => (await find(given)).receipt.cacheHit;

  it("are given again to the same search, with a search id and stages of their own", async () => {
    const first = await find();
    const second = await find();
    expect([first.receipt.cacheHit, second.receipt.cacheHit]).toEqual([false, true]);
    expect(second.hits).toEqual(first.hits);
    expect(second.searchId).not.toBe(first.searchId);
    expect(second.receipt).toMatchObject({ ...first.receipt, cacheHit: true, stageTimes: expect.any(Array) });
    expect(second.receipt.stageTimes.map(({ stage }) => stage)).not.toContain("load");
    expect(await isHit({ limit: 9 })).toBe(false);
    expect(await isHit()).toBe(true);
  });

  it("are not given to another owner", async () => {
    await find();
    const other = await find({ ownerId: newOwner() });
    expect(other).toMatchObject({ hits: [], receipt: { cacheHit: false } });
  });

  it.each<{ what: string; change: () => Promise<void> }>([
    { what: "a document is added", change: () => add({ idAtOrigin: "new", content: "Another mill." }) },
    { what: "a document's text is changed", change: () => add({ idAtOrigin: "mill", content: "No more." }) },
    { what: "its metadata alone", change: () => add({ idAtOrigin: "mill", content: "The mill by the river.", metadata: {} }) },
    {
      what: "its name alone",
      change: () => add({ idAtOrigin: "mill", content: "The mill by the river.", metadata: { year: 1900 }, documentName: "new" }),
    },
  ])("are forgotten when $what", async ({ change }) => {
    await find({ searchType: "text" });
    expect(await isHit({ searchType: "text" })).toBe(true);
    await change();
    expect(await isHit({ searchType: "text" })).toBe(false);
    expect(await isHit({ searchType: "text" })).toBe(true);
  });

  it("are kept when the same document is added once more", async () => {
    await find();
    await add({ idAtOrigin: "mill", content: "The mill by the river.", metadata: { year: 1900 } });
    expect(await isHit()).toBe(true);
  });

  it("are forgotten when vectors arrive, and not kept while some are on their way", async () => {
    await add({ idAtOrigin: "waiting", content: "A mill whose vector is on its way." });
    expect((await find()).receipt.degraded).toEqual(["embeddings_pending"]);
    expect(await isHit()).toBe(false);
    await embedWaiting(documents());
    const whole = await find();
    expect(whole.receipt).toMatchObject({ cacheHit: false, degraded: [], candidatesVector: 2 });
    expect(await isHit()).toBe(true);
  });

  it("are forgotten by every process, whichever wrote", async () => {
    const other = newSearchDeps(documents(), { resultCache: newResultCache(documents()) });
    await find();
    await find({}, other);
    await add({ idAtOrigin: "new", content: "Another mill." });
    await embedWaiting(documents());
    for (const by of [deps, other]) {
      const { hits, receipt } = await find({}, by);
      expect(receipt.cacheHit).toBe(false);
      expect(hits.map((hit) => hit.idAtOrigin).toSorted()).toEqual(["mill", "new"]);
    }
  });

  it("never hide a change of metadata from a filter", async () => {
    const of = (year: number): Partial<SearchQuery> => ({ filter: { metadata: { kind: "equal", path: ["year"], value: year } } });
    const keys = async (year: number) => (await find(of(year))).hits.map((hit) => hit.idAtOrigin);
    expect([await keys(1900), await keys(2000)]).toEqual([["mill"], []]);
    await add({ idAtOrigin: "mill", content: "The mill by the river.", metadata: { year: 2000 } });
    expect([await keys(1900), await keys(2000)]).toEqual([[], ["mill"]]);
    expect((await find(of(2000))).hits[0]?.documentMetadata).toEqual({ year: 2000 });
  });

  it("are not kept where they depend on the time of day", async () => {
    const recency = { halfLifeMs: 1_000, weight: 0.5 };
    await find({ recency });
    expect(await isHit({ recency })).toBe(false);
  });

  it("need no embedder", async () => {
    await find();
    const { table, provider } = deps.models.active;
    const broken = {
      ...deps,
      models: fixedGeneration(table, { ...provider, embed: () => Promise.reject(new Error("a mistake")) }),
    };
    expect((await find({}, broken)).receipt.cacheHit).toBe(true);
  });
});
