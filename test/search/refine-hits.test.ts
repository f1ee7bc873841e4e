import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { FoundHit } from "../../src/search/collect-hits.ts";
import { refineHits } from "../../src/search/refine-hits.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { Stages } from "../../src/search/stages.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newAnswer, newQuery } from "../support/search-answers.ts";
import { newSearchDeps } from "../support/search-deps.ts";
import { embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

const dayMs = 24 * 60 * 60 * 1_000;
const now = new Date("2026-06-01T12:00:00Z");

function daysAgo(days: number): Date {
  return new Date(now.getTime() - days * dayMs);
}

/** Hits with what a test says of each, best first. */
function hitsOf(...given: readonly Partial<FoundHit>[]): FoundHit[] {
  const [made] = newAnswer().hits;
  if (!made) throw new Error("an answer has a hit");
  const { context: _, ...hit } = made;
  return given.map((facts) => ({ ...hit, chunkId: randomUUID(), documentName: "", ...facts }));
}

function scoresOf(hits: readonly FoundHit[]): number[] {
  return hits.map(({ score }) => Number(score.toFixed(9)));
}

describe.each(testDatabases())("refining hits on $name", (kind) => {
  const storage = useStorage(kind);

  async function refine(hits: readonly FoundHit[], given: Partial<SearchQuery>, stages = new Stages()) {
    const deps = newSearchDeps(storage(), { clock: { now: () => now } });
    return await refineHits(deps, newQuery(given), hits, stages, never);
  }

  it("leaves hits as they are unless more is asked for, and cuts them to the limit", async () => {
    const hits = hitsOf({ score: 3 }, { score: 2 }, { score: 1 });
    expect(await refine(hits, {})).toEqual({ hits, degraded: [], isBelowMinScore: false });
    expect((await refine(hits, { limit: 2 })).hits).toEqual(hits.slice(0, 2));
    expect(await refine([], { rerank: "lexical", mmrLambda: 0.5, minScore: 1 })).toMatchObject({ hits: [], degraded: [] });
  });

  describe("by recency", () => {
    const recency = { halfLifeMs: 10 * dayMs, weight: 0.4 };

    it("halves what the date counts with each half-life", async () => {
      const hits = hitsOf(
        { score: 0.9, documentDate: daysAgo(20) },
        { score: 0.8, documentDate: daysAgo(10) },
        { score: 0.7, documentDate: daysAgo(0) },
      );
      const { hits: refined } = await refine(hits, { recency });
      expect(refined.map(({ chunkId }) => chunkId)).toEqual([hits[2], hits[1], hits[0]].map((hit) => hit?.chunkId));
      const expected = [0.6 * 0.7 + 0.4, 0.6 * 0.8 + 0.4 / 2, 0.6 * 0.9 + 0.4 / 4];
      expect(scoresOf(refined)).toEqual(expected.map((score) => Number(score.toFixed(9))));
    });

    it("takes the day of storing where a document has no date, and the present where its date is yet to come", async () => {
      const hits = hitsOf(
        { score: 0.5, documentDate: undefined, documentCreatedAt: daysAgo(10) },
        { score: 0.5, documentDate: daysAgo(-500), documentCreatedAt: daysAgo(10) },
      );
      const { hits: refined } = await refine(hits, { recency });
      expect(scoresOf(refined)).toEqual([0.3 + 0.4, 0.3 + 0.2]);
      expect(refined[0]?.chunkId).toBe(hits[1]?.chunkId);
    });

    it("scales BM25, which has no upper end, by the best hit's", async () => {
      const hits = hitsOf({ score: 8, documentDate: daysAgo(10) }, { score: 4, documentDate: daysAgo(10) });
      const { hits: refined } = await refine(hits, { recency });
      expect(scoresOf(refined)).toEqual([0.6 + 0.2, 0.3 + 0.2]);
    });

    it("follows the date alone at weight 1, and the score alone at weight 0", async () => {
      const hits = hitsOf({ score: 0.9, documentDate: daysAgo(20) }, { score: 0.1, documentDate: daysAgo(1) });
      const order = async (weight: number) =>
        (await refine(hits, { recency: { halfLifeMs: dayMs, weight } })).hits.map(({ chunkId }) => chunkId);
      expect(await order(0)).toEqual(hits.map(({ chunkId }) => chunkId));
      expect(await order(1)).toEqual(hits.toReversed().map(({ chunkId }) => chunkId));
    });

    it("brings up what stood beyond the limit", async () => {
      const old = Array.from({ length: 5 }, () => ({ score: 0.6, documentDate: daysAgo(1_000) }));
      const hits = hitsOf(...old, { score: 0.5, documentDate: now });
      const { hits: refined } = await refine(hits, { recency, limit: 1 });
      expect(refined.map(({ chunkId }) => chunkId)).toEqual([hits[5]?.chunkId]);
    });
  });

  describe("by reranking", () => {
    const queryText = "red mill";
    const hits = hitsOf(
      { score: 0.9, content: "nothing of the kind" },
      { score: 0.8, content: "a red mill" },
      { score: 0.7, content: "nothing either" },
      { score: 0.6, content: "a blue mill" },
    );

    it("follows the reranker's scores, and keeps the order of those it holds equal", async () => {
      const stages = new Stages();
      const { hits: refined, degraded } = await refine(hits, { queryText, rerank: "lexical" }, stages);
      expect(refined.map(({ content }) => content)).toEqual([
        "a red mill",
        "a blue mill",
        "nothing of the kind",
        "nothing either",
      ]);
      for (const hit of refined) expect(hit.score).toBe(hit.rerankScore);
      expect(degraded).toEqual([]);
      expect(stages.times.map(({ stage }) => stage)).toEqual(["rerank"]);
    });

    it("sees as many as it is to see, but never fewer than are asked for", async () => {
      const seen = async (limit: number, rerankTopK: number) =>
        (await refine(hits, { queryText, rerank: "lexical", limit, rerankTopK })).hits.map(({ content }) => content);
      expect(await seen(1, 1)).toEqual(["nothing of the kind"]);
      expect(await seen(1, 4)).toEqual(["a red mill"]);
      expect(await seen(3, 1)).toEqual(["a red mill", "nothing of the kind", "nothing either"]);
    });

    it("says so where the model that was asked for is not there", async () => {
      for (const rerank of ["model", "cross_encoder"] as const) {
        const { hits: refined, degraded } = await refine(hits, { queryText, rerank });
        expect(degraded).toEqual(["reranker_unavailable"]);
        expect(refined[0]?.content).toBe("a red mill");
      }
    });
  });

  it("by variety puts a repetition behind what is something else", async () => {
    const ownerId = newOwner();
    const leaves = ["red mill by the river", "red mill by the river bank", "corn bread recipe"];
    await store(storage().database, [{ ownerId, leaves }]);
    await embedWaiting(storage());
    const { rows } = await storage().database.query<{ chunk_id: string }>(
      "chunks_of_owner",
      "select chunk_id from document_chunks where owner_id = $1 order by chunk_index",
      [ownerId],
    );
    const scores = [1, 0.9, 0];
    const hits = hitsOf(...rows.map(({ chunk_id: chunkId }, index) => ({ chunkId, score: scores[index] ?? 0 })));
    const order = async (mmrLambda: number, limit = 10) => {
      const stages = new Stages();
      const { hits: refined } = await refine(hits, { ownerId, mmrLambda, limit }, stages);
      expect(stages.times.map(({ stage }) => stage)).toEqual(["diversify"]);
      return refined.map(({ chunkId }) => hits.findIndex((hit) => hit.chunkId === chunkId));
    };
    expect(await order(1)).toEqual([0, 1, 2]);
    expect(await order(0.3)).toEqual([0, 2, 1]);
    expect(await order(0.3, 2)).toEqual([0, 2]);
  });

  describe("by a least score", () => {
    const hits = hitsOf({ score: 0.9 }, { score: 0.5 }, { score: 0.1 });

    it("leaves out what is below it, and says so", async () => {
      expect(await refine(hits, { minScore: 0.5 })).toMatchObject({ hits: hits.slice(0, 2), isBelowMinScore: true });
      expect(await refine(hits, { minScore: 2 })).toMatchObject({ hits: [], isBelowMinScore: true });
      expect(await refine(hits, { minScore: 0 })).toMatchObject({ hits, isBelowMinScore: false });
    });

    it("does not count what lies beyond the limit anyway", async () => {
      expect(await refine(hits, { minScore: 0.5, limit: 2 })).toMatchObject({ isBelowMinScore: false });
    });

    it("is compared with the score that the order follows in the end", async () => {
      const recency = { halfLifeMs: dayMs, weight: 1 };
      const dated = hitsOf({ score: 0.9, documentDate: daysAgo(30) }, { score: 0.1, documentDate: now });
      expect((await refine(dated, { recency, minScore: 0.5 })).hits.map(({ chunkId }) => chunkId)).toEqual([dated[1]?.chunkId]);
    });
  });
});
