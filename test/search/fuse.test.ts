import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alphaDefaults, fuse, type ScoredCandidate, sortByScore } from "../../src/search/fuse.ts";
import type { Candidate } from "../../src/search/rank-leaves.ts";
import type { Fusion, SearchQuery, SearchType } from "../../src/search/search-query.ts";
import { newQuery } from "../support/search-answers.ts";

function candidate(chunkId: string, sides: Partial<Candidate>): Candidate {
  return {
    chunkId,
    speaker: undefined,
    similarity: undefined,
    textRank: undefined,
    vectorPosition: undefined,
    textPosition: undefined,
    ...sides,
  };
}

function fuseAs(candidates: readonly Candidate[], given: Partial<SearchQuery>): ScoredCandidate[] {
  return fuse(candidates, newQuery({ speakerBoost: 0, ...given }));
}

const both = candidate("both", { similarity: 0.8, vectorPosition: 2, textRank: 6, textPosition: 1 });
const vectorOnly = candidate("vector", { similarity: 0.9, vectorPosition: 1 });
const textOnly = candidate("text", { similarity: 0.5, textRank: 2, textPosition: 3 });
const weak = candidate("weak", { similarity: 0.7, vectorPosition: 3, textRank: 4, textPosition: 2 });
const all = [textOnly, weak, vectorOnly, both];

function scores(searchType: SearchType, fusion: Fusion, alpha: number): (string | number)[][] {
  return fuseAs(all, { searchType, fusion, alpha }).map(({ chunkId, score }) => [chunkId, Number(score.toFixed(9))]);
}

describe("fusing two sides", () => {
  it("by relative score scales each side between its own worst and best", () => {
    // Vector side 0.7 … 0.9; text side 2 … 6. Text's similarity lies below the vector side's worst and counts 0.
    expect(scores("hybrid", "relative_score", 0.7)).toEqual([
      ["vector", 0.7],
      ["both", 0.65],
      ["weak", 0.15],
      ["text", 0],
    ]);
  });

  it("by reciprocal rank counts positions alone", () => {
    const reciprocal = (weight: number, position: number) => weight / (60 + position);
    expect(scores("hybrid", "rrf", 0.5)).toEqual([
      ["both", Number((reciprocal(0.5, 2) + reciprocal(0.5, 1)).toFixed(9))],
      ["weak", Number((reciprocal(0.5, 3) + reciprocal(0.5, 2)).toFixed(9))],
      ["vector", Number(reciprocal(0.5, 1).toFixed(9))],
      ["text", Number(reciprocal(0.5, 3).toFixed(9))],
    ]);
  });

  it("gives a side that was asked alone its own score, and no reciprocal rank", () => {
    const options = { fusion: "rrf", alpha: 0.5 } as const;
    const vector = fuseAs([both, vectorOnly], { searchType: "vector", ...options });
    expect(vector.map(({ chunkId, score, rrfScore }) => [chunkId, score, rrfScore])).toEqual([
      ["vector", 0.9, undefined],
      ["both", 0.8, undefined],
    ]);
    const text = fuseAs([textOnly, both], { searchType: "text", ...options });
    expect(text.map(({ chunkId, score, rrfScore }) => [chunkId, score, rrfScore])).toEqual([
      ["both", 6, undefined],
      ["text", 2, undefined],
    ]);
  });

  it("gives equal scores in the order of the ids", () => {
    const equal = ["c", "a", "b"].map((id) => candidate(id, { similarity: 0.5, vectorPosition: 1 }));
    expect(fuseAs(equal, { searchType: "hybrid", fusion: "relative_score", alpha: 0.7 }).map((c) => c.chunkId)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  it("gives nothing for nothing", () => {
    expect(fuseAs([], { searchType: "hybrid", fusion: "relative_score", alpha: 0.7 })).toEqual([]);
  });

  it("counts a side whose candidates are all equal in full", () => {
    const equal = [
      candidate("a", { similarity: 0.5, vectorPosition: 1 }),
      candidate("b", { similarity: 0.5, vectorPosition: 2 }),
    ];
    expect(fuseAs(equal, { alpha: 0.7 }).map(({ score }) => score)).toEqual([0.7, 0.7]);
  });

  it("has a weight of its own for each way of fusing, unless told otherwise", () => {
    for (const alpha of Object.values(alphaDefaults)) {
      expect(alpha).toBeGreaterThan(0);
      expect(alpha).toBeLessThan(1);
    }
  });

  it("sorts without touching what it was given", () => {
    const given = [candidate("b", {}), candidate("a", {})].map((c) => ({ ...c, score: 1 }));
    expect(sortByScore(given).map(({ chunkId }) => chunkId)).toEqual(["a", "b"]);
    expect(given.map(({ chunkId }) => chunkId)).toEqual(["b", "a"]);
  });
});

describe("naming a speaker", () => {
  const said = (speaker: string | undefined) => candidate("said", { speaker, similarity: 0.5, vectorPosition: 1 });
  const scoreOf = (queryText: string, speaker: string | undefined, given: Partial<SearchQuery> = {}) =>
    fuseAs([said(speaker)], { queryText, speakerBoost: 0.2, alpha: 0.5, ...given })[0]?.score;

  it.each([
    ["What did Caroline say?", "Caroline"],
    ["caroline's plans", "Caroline"],
    ["caroline’s plans", "CAROLINE"],
    ["plans of Ada Lovelace", "Lovelace, Ada (mathematician)"],
    ["what did müller want", "Jürgen Müller"],
    ["ｃａｒｏｌｉｎｅ", "Caroline"],
    ["что сказала Анна", "анна"],
  ])("in %j puts forward what %s says", (queryText, speaker) => {
    expect(scoreOf(queryText, speaker)).toBeCloseTo(0.7, 12);
  });

  it.each([
    ["a plan", "A"],
    ["What did Carol say?", "Caroline"],
    ["plans", ""],
    ["plans", "🎈"],
    ["", "Caroline"],
    ["Caroline", undefined],
  ])("is not what %j does to %j", (queryText, speaker) => {
    expect(scoreOf(queryText, speaker)).toBeCloseTo(0.5, 12);
  });

  it("counts in relative scores alone", () => {
    expect(scoreOf("Caroline", "Caroline", { fusion: "rrf" })).toBeCloseTo(0.5 / 61, 12);
    expect(scoreOf("Caroline", "Caroline", { searchType: "vector" })).toBe(0.5);
    expect(scoreOf("Caroline", "Caroline", { speakerBoost: 0 })).toBe(0.5);
  });
});

/** Two ranked lists over up to 30 chunks, as `findCandidates` gives them. */
const candidates = fc
  .uniqueArray(
    fc.record({
      id: fc.integer({ min: 0, max: 99 }),
      similarity: fc.option(
        fc.integer({ min: -1_000, max: 1_000 }).map((value) => value / 1_000),
        { nil: undefined },
      ),
      speaker: fc.option(fc.constantFrom("Ada", "Grace"), { nil: undefined }),
      textRank: fc.option(
        fc.integer({ min: 1, max: 50_000 }).map((value) => value / 1_000),
        { nil: undefined },
      ),
    }),
    { selector: ({ id }) => id, maxLength: 30 },
  )
  .map((rows): Candidate[] => {
    const chunkId = (id: number) => String(id).padStart(2, "0");
    const positions = (value: (row: (typeof rows)[number]) => number | undefined) =>
      new Map(
        rows
          .filter((row) => value(row) !== undefined)
          .toSorted((left, right) => (value(right) ?? 0) - (value(left) ?? 0) || left.id - right.id)
          .map((row, index) => [row.id, index + 1]),
      );
    const [byVector, byText] = [positions((row) => row.similarity), positions((row) => row.textRank)];
    return rows.map(({ id, ...values }) => ({
      chunkId: chunkId(id),
      ...values,
      vectorPosition: byVector.get(id),
      textPosition: byText.get(id),
    }));
  });
const options = fc.record({
  searchType: fc.constantFrom<SearchType>("hybrid", "vector", "text"),
  fusion: fc.constantFrom<Fusion>("relative_score", "rrf"),
  alpha: fc.double({ min: 0, max: 1, noNaN: true }),
  speakerBoost: fc.double({ min: 0, max: 1, noNaN: true }),
  queryText: fc.constantFrom("Ada's mill", "the river"),
});

describe("fused scores, whatever the candidates", () => {
  it("never rise from one to the next, are numbers, and keep every candidate once", () => {
    fc.assert(
      fc.property(candidates, options, (given, chosen) => {
        const fused = fuseAs(given, chosen);
        expect(fused.map((c) => c.chunkId).toSorted()).toEqual(given.map((c) => c.chunkId).toSorted());
        for (const [index, { score, chunkId }] of fused.entries()) {
          expect(Number.isFinite(score)).toBe(true);
          const next = fused[index + 1];
          if (!next) continue;
          expect(score).toBeGreaterThanOrEqual(next.score);
          if (score === next.score) expect(chunkId < next.chunkId).toBe(true);
        }
      }),
    );
  });

  it("do not depend on the order in which the candidates come", () => {
    fc.assert(
      fc.property(candidates, options, (given, chosen) => {
        expect(fuseAs(given.toReversed(), chosen)).toEqual(fuseAs(given, chosen));
      }),
    );
  });

  it.each<Fusion>(["relative_score", "rrf"])("follow one side alone at alpha 0 and at alpha 1: %s", (fusion) => {
    fc.assert(
      fc.property(candidates, (given) => {
        const order = (alpha: number, position: "vectorPosition" | "textPosition") => {
          const fused = fuseAs(given, { searchType: "hybrid", fusion, alpha });
          return fused.flatMap((c) => (c[position] !== undefined && c.score > 0 ? [c[position]] : []));
        };
        for (const ranks of [order(1, "vectorPosition"), order(0, "textPosition")])
          expect(ranks).toEqual(ranks.map((_, index) => index + 1));
      }),
    );
  });

  it("lie between 0 and 1 where they are relative", () => {
    fc.assert(
      fc.property(candidates, fc.double({ min: 0, max: 1, noNaN: true }), (given, alpha) => {
        for (const { score } of fuseAs(given, { searchType: "hybrid", fusion: "relative_score", alpha })) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1 + Number.EPSILON);
        }
      }),
    );
  });
});
