import { beforeAll, describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { systemClock } from "../../src/domain/clock.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { search } from "../../src/search/search.ts";
import { SearchHistory } from "../../src/search/search-history.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { findSearch } from "../../src/storage/search-history.ts";
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

  it("says why there are fewer results than were asked for", async () => {
    const reason = async (given: Partial<SearchQuery>) => (await find("corn", given)).receipt.shortfallReason;
    expect(await reason({ limit: 4 })).toBeUndefined();
    expect(await reason({ limit: 5 })).toBe("fewer_match");
    expect(await reason({ searchType: "text", limit: 3 })).toBe("fewer_match");
    expect(await reason({ limit: 4, minScore: 0.99 })).toBe("min_score");
    expect(await reason({ limit: 1, minScore: 0.1 })).toBeUndefined();
    const { hits } = await find("corn", { minScore: 0.5 });
    expect(hits.length).toBeGreaterThan(0);
    for (const { score } of hits) expect(score).toBeGreaterThanOrEqual(0.5);
  });

  it("puts forward what a speaker says whom the query names, by as much as it is told to", async () => {
    const chatting = newOwner();
    const messages = ["Caroline: I painted the sunrise.", "Melanie: I painted the sunrise.", "Caroline: It rains."];
    const content = messages.map((message, index) => `[2026-05-0${index + 1} 10:00] ${message}`).join("\n");
    await addDocuments(documents(), [newDocument({ ownerId: chatting, documentType: "chat", language: "en", content })], never);
    await embedWaiting(documents());
    const scores = async (speakerBoost: number, given: Partial<SearchQuery> = {}) => {
      const { hits } = await find("What has Melanie's brush painted?", { ownerId: chatting, speakerBoost, ...given });
      return new Map(hits.map((hit) => [`${hit.chunkMetadata.speaker} ${hit.chunkIndex}`, hit.score]));
    };
    const [without, boosted] = [await scores(0), await scores(0.5)];
    expect([...without.keys()].toSorted()).toEqual(["Caroline 0", "Caroline 2", "Melanie 1"]);
    for (const [speaker, score] of boosted) {
      expect(score - (without.get(speaker) ?? 0)).toBeCloseTo(speaker.startsWith("Melanie") ? 0.5 : 0, 9);
    }
    expect([...boosted.keys()][0]).toBe("Melanie 1");
    expect(await scores(0.5, { searchType: "text" })).toEqual(await scores(0, { searchType: "text" }));
  });

  it("gives what stands around a hit, if that is asked for", async () => {
    const reading = newOwner();
    const chunking = { chunkTokens: 64 };
    await addDocuments(documents(), [newDocument({ ownerId: reading, content: longText, language: "en", chunking })], never);
    const given = { ownerId: reading, searchType: "text", limit: 1 } as const;
    const query = "sentence 50";
    expect((await find(query, given)).hits[0]?.context).toEqual([]);
    const { hits, receipt } = await find(query, { ...given, contextWindow: 2, includeParentContext: true });
    const [hit] = hits;
    expect(receipt.stageTimes.map(({ stage }) => stage)).toEqual(["facts", "candidates", "fuse", "load", "context"]);
    const index = hit?.chunkIndex ?? 0;
    const neighbours = hit?.context.filter(({ relation }) => relation === "neighbor") ?? [];
    expect(neighbours.map(({ chunkIndex }) => chunkIndex)).toEqual([index - 2, index - 1, index + 1, index + 2]);
    const characters = [...longText];
    for (const { content, charStart, charEnd } of hit?.context ?? []) {
      expect(content).toBe(characters.slice(charStart, charEnd).join(""));
    }
    const [parent] = hit?.context ?? [];
    expect(parent?.relation).toBe("parent");
    expect(parent?.content).toContain(hit?.content);
  });

  it("finds a chunk whose neighbours hold the words, less well than those themselves", async () => {
    const reading = newOwner();
    const messages = ["Ada: Where is the windmill?", "Bob: Over there.", "Ada: I see.", "Bob: It is late.", "Ada: Good night."];
    const content = messages.map((message, index) => `[2026-05-0${index + 1} 10:00] ${message}`).join("\n");
    await addDocuments(documents(), [newDocument({ ownerId: reading, documentType: "chat", language: "en", content })], never);
    const indexes = async (textWindow: number) =>
      (await find("windmill", { ownerId: reading, searchType: "text", textWindow })).hits.map(({ chunkIndex }) => chunkIndex);
    expect(await indexes(0)).toEqual([0]);
    expect(await indexes(1)).toEqual([0, 1]);
    expect(await indexes(3)).toEqual([0, 1, 2, 3]);
  });

  it("looks for other wordings of the query as well, and says which", async () => {
    const queryText = "where does the old mill stand";
    const { hits, receipt } = await find(queryText, { queryExpansion: "heuristic" });
    expect(receipt.queryVariants[0]).toBe(queryText);
    expect(receipt.queryVariants.length).toBeGreaterThan(1);
    expect(receipt.stageTimes.map(({ stage }) => stage)).toContain("expand");
    expect(hits[0]?.idAtOrigin).toBe("mill");
    expect(new Set(hits.map((hit) => hit.chunkId)).size).toBe(texts.length);
    expect((await find(queryText)).receipt.queryVariants).toEqual([queryText]);
  });

  it("remembers what it found", async () => {
    const { database, metrics } = documents();
    const history = new SearchHistory({ database, clock: systemClock, logger: silentLogger, metrics }, { days: 30 });
    const query = newQuery({ ownerId, queryText: "corn", searchType: "text" });
    const { searchId, hits } = await search(newSearchDeps(documents(), { history }), query, never);
    await history.stop();
    expect(await findSearch(database, { ownerId, searchId })).toMatchObject({
      queryText: "corn",
      searchType: "text",
      plan: "text_only",
      chunkIds: hits.map((hit) => hit.chunkId),
    });
  });

  it("needs no time beyond a deadline for an owner that is read whole", async () => {
    const query = newQuery({ ownerId, queryText: "corn" });
    const { receipt, hits } = await search(newSearchDeps(documents()), query, never, () => 0);
    expect(hits).toHaveLength(texts.length);
    expect(receipt.shortfallReason).toBe("fewer_match");
  });
});
