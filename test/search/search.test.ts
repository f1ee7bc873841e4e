import { beforeAll, describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { systemClock } from "../../src/domain/clock.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { search } from "../../src/search/search.ts";
import { SearchHistory } from "../../src/search/search-history.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { testDatabases } from "../support/databases.ts";
import { longText, never, newDocument, useDocuments } from "../support/document-deps.ts";
import { newQuery } from "../support/search-answers.ts";
import { newSearchDeps } from "../support/search-deps.ts";
import { dimension, embedWaiting, newOwner, silentLogger } from "../support/test-storage.ts";

const ownerId = newOwner();

const texts: readonly Partial<NewDocument>[] = [
  { idAtOrigin: "fox", content: "The quick brown fox jumps over the lazy dog.", documentType: "text" },
  {
    idAtOrigin: "mill",
    content: "The old mill by the river grinds corn.",
    documentType: "report",
    metadata: { place: "river", year: 1900 },
  },
  {
    idAtOrigin: "bridge",
    content: "A bridge crosses the river near the mill.",
    documentType: "report",
    documentDate: new Date("2026-02-01"),
  },
  {
    idAtOrigin: "recipe",
    content: "Corn bread: corn meal, eggs and butter.",
    documentType: "text",
    documentName: "Corn bread",
    metadata: { year: 1900 },
  },
];

describe.each(testDatabases())("searching on $name", (kind) => {
  const documents = useDocuments(kind);

  beforeAll(async () => {
    await addDocuments(
      documents(),
      texts.map((text) => newDocument({ ownerId, language: "en", ...text })),
      never,
    );
    await addDocuments(documents(), [newDocument({ content: "The river, the mill and corn of another owner." })], never);
    await embedWaiting(documents());
  });

  function find(queryText: string, given: Partial<SearchQuery> = {}) {
    return search(newSearchDeps(documents()), newQuery({ ownerId, queryText, ...given }), never);
  }

  async function keysOf(queryText: string, given: Partial<SearchQuery> = {}): Promise<string[]> {
    return (await find(queryText, given)).hits.map((hit) => hit.idAtOrigin);
  }

  it("by text gives what holds a word of the query in any of its forms, best first", async () => {
    expect(await keysOf("jumping foxes", { searchType: "text" })).toEqual(["fox"]);
    expect(await keysOf("corn", { searchType: "text" })).toEqual(["recipe", "mill"]);
  });

  it("by vector gives every chunk, nearest first, with its similarity as its score", async () => {
    const { hits } = await find("quick brown fox", { searchType: "vector" });
    expect(hits.map((hit) => hit.idAtOrigin)[0]).toBe("fox");
    expect(hits).toHaveLength(texts.length);
    expect(hits.map((hit) => hit.score)).toEqual(hits.map((hit) => hit.similarity));
    expect(hits.map((hit) => hit.vectorPosition)).toEqual([1, 2, 3, 4]);
    expect(hits.every((hit) => hit.textRank === undefined && hit.rrfScore === undefined)).toBe(true);
  });

  it.each(["relative_score", "rrf"] as const)(
    "by both sides gives each chunk once, with what either side says of it: %s",
    async (fusion) => {
      const { hits } = await find("mill river", { fusion, alpha: 0.5 });
      expect(new Set(hits.map((hit) => hit.chunkId)).size).toBe(texts.length);
      expect(
        hits
          .slice(0, 2)
          .map((hit) => hit.idAtOrigin)
          .sort(),
      ).toEqual(["bridge", "mill"]);
      expect(hits[0]).toMatchObject({
        textPosition: expect.any(Number),
        vectorPosition: expect.any(Number),
        rrfScore: expect.any(Number),
      });
      const scores = hits.map((hit) => hit.score);
      expect(scores).toEqual(scores.toSorted((left, right) => right - left));
    },
  );

  it("shows the document of each hit and where the chunk stands in it", async () => {
    const { hits } = await find("bread", { searchType: "text" });
    expect(hits).toMatchObject([
      {
        idAtOrigin: "recipe",
        documentName: "Corn bread",
        documentType: "text",
        documentDate: undefined,
        documentMetadata: { year: 1900 },
        content: "Corn bread: corn meal, eggs and butter.",
        chunkIndex: 0,
        charStart: 0,
        charEnd: 39,
      },
    ]);
  });

  it("says how the answer came about and how complete it is", async () => {
    const { receipt, searchId } = await find("river", { limit: 2 });
    expect(searchId).toMatch(/^[0-9a-f-]{36}$/);
    expect(receipt).toMatchObject({
      plan: "exact",
      modelId: `hashing/${dimension}`,
      candidatesVector: 4,
      candidatesText: 2,
      ownerChunks: 4,
      truncated: false,
      shortfallReason: undefined,
      degraded: [],
    });
    expect(receipt.stageTimes.map(({ stage }) => stage)).toEqual(["facts", "embed", "candidates", "fuse", "load"]);
    const text = await find("river", { searchType: "text" });
    expect(text.receipt).toMatchObject({
      plan: "text_only",
      modelId: undefined,
      candidatesVector: 0,
      shortfallReason: "fewer_match",
      degraded: [],
    });
  });

  it.each<{ what: string; filter: SearchQuery["filter"]; keys: string[] }>([
    { what: "types", filter: { documentTypes: ["report"] }, keys: ["bridge", "mill"] },
    { what: "keys", filter: { idsAtOrigin: ["fox", "recipe"] }, keys: ["fox", "recipe"] },
    { what: "dates", filter: { dateFrom: new Date("2026-01-01") }, keys: ["bridge"] },
    { what: "metadata", filter: { metadata: { kind: "equal", path: ["year"], value: 1900 } }, keys: ["mill", "recipe"] },
    { what: "what nothing meets", filter: { documentTypes: ["pdf"] }, keys: [] },
  ])("under a filter of $what gives all that it leaves, and no less", async ({ filter, keys }) => {
    for (const searchType of ["hybrid", "vector"] as const)
      expect((await keysOf("quick fox", { searchType, filter })).sort()).toEqual(keys);
    const { receipt } = await find("quick fox", { filter });
    expect(receipt).toMatchObject({ candidatesVector: keys.length, ownerChunks: 4, shortfallReason: "fewer_match" });
  });

  it("fills the limit under a filter, however many nearer chunks the filter takes away", async () => {
    const crowded = newOwner();
    const others = Array.from({ length: 150 }, (_, index) =>
      newDocument({ ownerId: crowded, content: "the exact words of the query", idAtOrigin: `${index}` }),
    );
    const wanted = Array.from({ length: 5 }, (_, index) =>
      newDocument({ ownerId: crowded, content: `something else, words ${index}`, documentType: "email" }),
    );
    for (const batch of [others.slice(0, 75), others.slice(75), wanted]) await addDocuments(documents(), batch, never);
    await embedWaiting(documents());
    const { hits, receipt } = await find("the exact words of the query", {
      ownerId: crowded,
      limit: 5,
      filter: { documentTypes: ["email"] },
    });
    expect(hits.map((hit) => hit.documentType)).toEqual(["email", "email", "email", "email", "email"]);
    expect(receipt.shortfallReason).toBeUndefined();
  });

  it("says that vectors are still being made, and finds what waits for them by its words", async () => {
    const fresh = newOwner();
    await addDocuments(documents(), [newDocument({ ownerId: fresh, content: "Not embedded yet.", language: "en" })], never);
    const { hits, receipt } = await find("embedded", { ownerId: fresh });
    expect(hits).toHaveLength(1);
    expect(hits[0]?.similarity).toBeUndefined();
    expect(receipt).toMatchObject({ degraded: ["embeddings_pending"], candidatesVector: 0, candidatesText: 1, ownerChunks: 1 });
    expect((await find("embedded", { ownerId: fresh, searchType: "text" })).receipt.degraded).toEqual([]);
    await embedWaiting(documents());
    expect((await find("embedded", { ownerId: fresh })).receipt.degraded).toEqual([]);
  });

  it("gives an owner that has nothing nothing, in every way of searching", async () => {
    for (const searchType of ["hybrid", "vector", "text"] as const) {
      const { hits, receipt } = await find("river", { ownerId: newOwner(), searchType });
      expect(hits).toEqual([]);
      expect(receipt).toMatchObject({
        candidatesVector: 0,
        candidatesText: 0,
        ownerChunks: 0,
        shortfallReason: "fewer_match",
        degraded: [],
      });
    }
  });

  it("takes compatibility forms of letters for the letters", async () => {
    expect(await keysOf("ｆｏｘ", { searchType: "text" })).toEqual(["fox"]);
    expect((await keysOf("ｆｏｘ", { searchType: "vector" }))[0]).toBe("fox");
  });
});
