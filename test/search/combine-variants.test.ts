import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { combineVariants } from "../../src/search/combine-variants.ts";
import type { ScoredCandidate } from "../../src/search/fuse.ts";

function scored(chunkId: string, score: number, given: Partial<ScoredCandidate> = {}): ScoredCandidate {
  return {
    chunkId,
    score,
    speaker: undefined,
    similarity: undefined,
    textRank: undefined,
    vectorPosition: undefined,
    textPosition: undefined,
    rrfScore: undefined,
    ...given,
  };
}

function scoresOf(candidates: readonly ScoredCandidate[]): (string | number)[][] {
  return candidates.map(({ chunkId, score }) => [chunkId, Number(score.toFixed(9))]);
}

describe("what several wordings of a query found", () => {
  it("is what the query found, if there is no other wording", () => {
    const own = [scored("a", 0.9), scored("b", 0.5)];
    expect(combineVariants([own])).toBe(own);
    expect(combineVariants([])).toEqual([]);
  });

  it("counts half as much as what the query itself found, and nothing where it was not found", () => {
    const own = [scored("a", 0.8), scored("b", 0.6)];
    const second = [scored("b", 1), scored("c", 0.9)];
    const third = [scored("c", 0.5)];
    expect(scoresOf(combineVariants([own, second, third]))).toEqual([
      ["b", (0.6 + 0.5) / 2],
      ["a", 0.8 / 2],
      ["c", (0.45 + 0.25) / 2],
    ]);
  });

  it("shows what the query itself says of a chunk, or else the first wording that found it", () => {
    const own = [scored("a", 0.8, { similarity: 0.7, vectorPosition: 1 })];
    const second = [
      scored("a", 0.8, { similarity: 0.1, vectorPosition: 9, textPosition: 1 }),
      scored("b", 0.8, { textRank: 3, textPosition: 2, speaker: "Ada" }),
    ];
    const third = [scored("b", 0.8, { textRank: 9 })];
    const combined = combineVariants([own, second, third]);
    expect(combined.find(({ chunkId }) => chunkId === "a")).toMatchObject({
      similarity: 0.7,
      vectorPosition: 1,
      textPosition: undefined,
    });
    expect(combined.find(({ chunkId }) => chunkId === "b")).toMatchObject({ textRank: 3, textPosition: 2, speaker: "Ada" });
  });

  it("gives equal scores in the order of the ids", () => {
    const combined = combineVariants([[scored("c", 0.5)], [scored("b", 1), scored("a", 1)]]);
    expect(combined.map(({ chunkId }) => chunkId)).toEqual(["a", "b", "c"]);
  });

  it("stays within the scores that were given, each chunk once and best first", () => {
    const list = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 15 }), fc.double({ min: 0, max: 1, noNaN: true })), {
        selector: ([id]) => id,
      })
      .map((rows) => rows.map(([id, score]) => scored(String(id), score)));
    fc.assert(
      fc.property(fc.array(list, { minLength: 1, maxLength: 5 }), (found) => {
        const combined = combineVariants(found.map((rows) => rows.toSorted((left, right) => right.score - left.score)));
        const ids = combined.map(({ chunkId }) => chunkId);
        expect(new Set(ids)).toEqual(new Set(found.flat().map(({ chunkId }) => chunkId)));
        expect(new Set(ids).size).toBe(ids.length);
        combined.forEach(({ chunkId, score }, index) => {
          const given = found.flat().filter((candidate) => candidate.chunkId === chunkId);
          expect(score).toBeLessThanOrEqual(Math.max(...given.map((candidate) => candidate.score)) + 1e-12);
          expect(score).toBeLessThanOrEqual(combined[index - 1]?.score ?? Number.POSITIVE_INFINITY);
        });
      }),
    );
  });
});
