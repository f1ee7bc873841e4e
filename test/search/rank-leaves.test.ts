import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rankLeaves } from "../../src/search/rank-leaves.ts";
import type { NearChunk } from "../../src/storage/find-nearest.ts";
import { idOf, type LeafSketch, leavesOf } from "../support/leaf-sketches.ts";

type RankedSketch = LeafSketch & { readonly textRank?: number };

function rank(sketches: readonly RankedSketch[], count: number, nearest?: readonly NearChunk[]) {
  return rankLeaves(
    leavesOf(sketches),
    Float64Array.from(sketches, ({ textRank = 0 }) => textRank),
    count,
    nearest,
  );
}

/** The numbers of the leaves that a side put forward, best first. */
function order(ranked: ReturnType<typeof rank>, side: "vectorPosition" | "textPosition"): number[] {
  return ranked.candidates
    .filter((candidate) => candidate[side] !== undefined)
    .toSorted((left, right) => (left[side] ?? 0) - (right[side] ?? 0))
    .map(({ chunkId }) => Number.parseInt(chunkId.slice(-12), 16));
}

describe("the candidates of both sides", () => {
  it("are the best of each, with what the other side says of them", () => {
    const ranked = rank(
      [
        { similarity: 0.9, speaker: "Ada" },
        { similarity: 0.1, textRank: 8 },
        { similarity: 0.5, textRank: 2 },
        { textRank: 4 },
        { similarity: 0.3 },
      ],
      2,
    );
    expect(ranked.vectorCount).toBe(4);
    expect(ranked.textCount).toBe(3);
    const candidate = (leaf: number) => ranked.candidates.find(({ chunkId }) => chunkId === idOf(leaf));
    expect(candidate(0)).toEqual({
      chunkId: idOf(0),
      speaker: "Ada",
      similarity: Math.fround(0.9),
      textRank: undefined,
      vectorPosition: 1,
      textPosition: undefined,
    });
    expect(candidate(1)).toMatchObject({ similarity: Math.fround(0.1), textRank: 8, vectorPosition: undefined, textPosition: 1 });
    expect(candidate(2)).toMatchObject({ textRank: 2, vectorPosition: 2, textPosition: undefined });
    expect(candidate(3)).toMatchObject({ similarity: undefined, textRank: 4, vectorPosition: undefined, textPosition: 2 });
    expect(candidate(4)).toBeUndefined();
  });

  it("are none that the filter or an excluded word refuses", () => {
    const ranked = rank(
      [
        { similarity: 0.9, textRank: 9, isAllowed: false },
        { similarity: 0.1, textRank: 1 },
      ],
      5,
    );
    expect(ranked).toMatchObject({ vectorCount: 1, textCount: 1, candidates: [{ chunkId: idOf(1) }] });
  });

  it("are found by their vectors even where they do not hold the phrase that is asked for", () => {
    const ranked = rank(
      [
        { similarity: 0.9, textRank: 9, isPhrased: false },
        { similarity: 0.1, textRank: 1 },
      ],
      5,
    );
    expect(order(ranked, "vectorPosition")).toEqual([0, 1]);
    expect(order(ranked, "textPosition")).toEqual([1]);
    expect(ranked.candidates.map(({ textRank }) => textRank)).toEqual([undefined, 1]);
  });

  it("are in the order of their ids where they are equal, and cut there", () => {
    const equal = Array.from({ length: 6 }, () => ({ similarity: 0.5, textRank: 3 }));
    const ranked = rank(equal, 4);
    expect(order(ranked, "vectorPosition")).toEqual([0, 1, 2, 3]);
    expect(order(ranked, "textPosition")).toEqual([0, 1, 2, 3]);
  });

  it("are those of the vector index where it was asked, in its order", () => {
    const leaves = [{ similarity: 0.9 }, { similarity: 0.5, textRank: 1 }, { similarity: 0.7 }];
    const near = (leaf: number): NearChunk => ({
      chunkKey: leavesOf(leaves).chunkIds.key(leaf),
      documentKey: 0,
      chunkId: idOf(leaf),
      documentId: idOf(0),
      chunkIndex: 0,
      similarity: leaves[leaf]?.similarity ?? 0,
    });
    const ranked = rank(leaves, 5, [near(2), near(1)]);
    expect(order(ranked, "vectorPosition")).toEqual([2, 1]);
    expect(ranked.candidates).toHaveLength(2);
    expect(ranked.candidates[1]).toMatchObject({ textRank: 1, vectorPosition: 2, textPosition: 1 });
  });

  it("are none of nothing", () => {
    expect(rank([], 5)).toEqual({ candidates: [], vectorCount: 0, textCount: 0 });
    expect(rank([{}, {}], 5)).toEqual({ candidates: [], vectorCount: 0, textCount: 0 });
  });

  it("are what sorting all leaves gives", () => {
    const sketch = fc.record({
      // Few values, so that many are equal.
      similarity: fc.constantFrom(Number.NaN, -0.5, 0, 0.25, 0.5, 1),
      textRank: fc.constantFrom(0, 0, 1, 2, 3.5),
      isAllowed: fc.boolean(),
      isPhrased: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(sketch, { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (sketches, count) => {
        const ranked = rank(sketches, count);
        const sorted = (isWanted: (sketch: RankedSketch) => boolean, value: (sketch: RankedSketch) => number) =>
          sketches
            .map((sketch, leaf) => ({ sketch, leaf }))
            .filter(({ sketch }) => sketch.isAllowed && isWanted(sketch))
            .toSorted((left, right) => value(right.sketch) - value(left.sketch) || left.leaf - right.leaf)
            .map(({ leaf }) => leaf);
        const byVector = sorted(
          ({ similarity }) => !Number.isNaN(similarity),
          ({ similarity }) => similarity ?? 0,
        );
        const byText = sorted(
          ({ textRank = 0, isPhrased }) => isPhrased === true && textRank > 0,
          ({ textRank }) => textRank ?? 0,
        );
        expect(order(ranked, "vectorPosition")).toEqual(byVector.slice(0, count));
        expect(order(ranked, "textPosition")).toEqual(byText.slice(0, count));
        expect(ranked).toMatchObject({ vectorCount: byVector.length, textCount: byText.length });
        const ids = ranked.candidates.map(({ chunkId }) => chunkId);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });
});
