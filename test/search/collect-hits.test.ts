import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { collectHits } from "../../src/search/collect-hits.ts";
import type { ScoredCandidate } from "../../src/search/fuse.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { storeDocuments } from "../../src/storage/store-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { sketch } from "../support/prepared-documents.ts";
import { newQuery } from "../support/search-answers.ts";
import { newOwner, recordStatements, useStorage } from "../support/test-storage.ts";

function scored(chunkId: string, score: number): ScoredCandidate {
  const places = { vectorPosition: 1, textPosition: 2, rrfScore: 0.01 };
  return { chunkId, score, speaker: undefined, similarity: 0.5, textRank: 3, ...places };
}

describe.each(testDatabases())("the hits of a search on $name", (kind) => {
  const storage = useStorage(kind);
  const ownerId = newOwner();
  /** Ids of chunks by their contents, which say where they stand. */
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    const ranges = [
      { name: "first", charStart: 0, charEnd: 10 },
      { name: "halfway", charStart: 5, charEnd: 15 },
      { name: "mostly", charStart: 4, charEnd: 14 },
      { name: "apart", charStart: 15, charEnd: 25 },
      { name: "all", charStart: 0, charEnd: 25 },
      { name: "most", charStart: 0, charEnd: 19 },
    ];
    const overlapping = sketch({ ownerId, leaves: ranges.map(({ name }) => name), documentName: "overlapping" });
    const chunks = overlapping.chunks.map((chunk, index) => ({ ...chunk, ...ranges[index] }));
    const other = sketch({ ownerId, leaves: ["elsewhere!"] });
    for (const { chunkId, content } of [...chunks, ...other.chunks]) ids[content] = chunkId;
    const options = { now: new Date() };
    await storage().database.transaction((transaction) =>
      storeDocuments(transaction, [{ ...overlapping, chunks }, other], options),
    );
  });

  async function collect(names: readonly string[], given: Partial<SearchQuery> = {}): Promise<string[]> {
    const ranked = names.map((name, index) => scored(ids[name] ?? name, 1 - index / 100));
    const { hits } = await collectHits(storage().database, newQuery({ ownerId, ...given }), ranked);
    return hits.map(({ content }) => content);
  }

  it("are what is stored of them, with the scores that they were given", async () => {
    const { hits } = await collectHits(storage().database, newQuery({ ownerId }), [scored(ids.first ?? "", 0.8)]);
    expect(hits).toMatchObject([
      {
        chunkId: ids.first,
        documentName: "overlapping",
        content: "first",
        charStart: 0,
        charEnd: 10,
        score: 0.8,
        similarity: 0.5,
        textRank: 3,
        vectorPosition: 1,
        textPosition: 2,
        rrfScore: 0.01,
        rerankScore: undefined,
      },
    ]);
  });

  it("leave out a chunk of which more than half is in a better one, and the next one moves up", async () => {
    expect(await collect(["first", "mostly", "apart", "elsewhere!"], { limit: 3 })).toEqual(["first", "apart", "elsewhere!"]);
    expect(await collect(["first", "halfway"], { limit: 2 })).toEqual(["first", "halfway"]);
    expect(await collect(["all", "first", "apart", "elsewhere!"], { limit: 2 })).toEqual(["all", "elsewhere!"]);
  });

  it("keep a long chunk beside a better one that is a small part of it, and not beside one that is most of it", async () => {
    expect(await collect(["first", "all"])).toEqual(["first", "all"]);
    expect(await collect(["most", "all"])).toEqual(["most"]);
  });

  it("compare with all better ones, not with the best alone", async () => {
    expect(await collect(["elsewhere!", "apart", "first", "mostly"], { limit: 4 })).toEqual(["elsewhere!", "apart", "first"]);
  });

  it("pass over a chunk that is gone, and over another owner's", async () => {
    const foreign = sketch({});
    const options = { now: new Date() };
    await storage().database.transaction((transaction) => storeDocuments(transaction, [foreign], options));
    const foreignId = foreign.chunks[0]?.chunkId ?? "";
    expect(await collect([randomUUID(), foreignId, "first", "apart"], { limit: 1 })).toEqual(["first"]);
  });

  it("are no more than are asked for, or than what reorders them looks at", async () => {
    const names = ["elsewhere!", "first", "apart", "halfway"];
    expect(await collect(names, { limit: 2 })).toHaveLength(2);
    expect(await collect(names, { limit: 1, rerank: "lexical", rerankTopK: 3 })).toHaveLength(3);
    expect(await collect(names, { limit: 3, rerank: "lexical", rerankTopK: 1 })).toHaveLength(3);
    expect(limits.searchCandidates).toBeGreaterThan(names.length);
    expect(await collect(names, { limit: 1, mmrLambda: 0.5 })).toHaveLength(4);
    expect(await collect(names, { limit: 1, recency: { halfLifeMs: 1, weight: 0.5 } })).toHaveLength(4);
  });

  it("are loaded together, and only those that are missing once more", async () => {
    const { queryable, names } = recordStatements(storage().database);
    const ranked = ["first", "mostly", "apart"].map((name) => scored(ids[name] ?? "", 1));
    await collectHits(queryable, newQuery({ ownerId, limit: 2 }), ranked);
    expect(names).toEqual(["load_hits", "load_hits"]);
    expect(await collectHits(queryable, newQuery({ ownerId }), [])).toEqual({ hits: [], writes: undefined });
    expect(names).toHaveLength(2);
  });
});
