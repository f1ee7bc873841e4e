import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diversify } from "../../src/search/diversify.ts";

interface RankedHit {
  readonly chunkId: string;
  readonly score: number;
}

function unit(...components: number[]): Float32Array {
  const length = Math.hypot(...components);
  return Float32Array.from(components, (component) => component / length);
}

function idsOf(hits: readonly RankedHit[]): string[] {
  return hits.map(({ chunkId }) => chunkId);
}

describe("diversifying", () => {
  const hits = [
    { chunkId: "best", score: 10 },
    { chunkId: "twin", score: 9 },
    { chunkId: "other", score: 6 },
    { chunkId: "last", score: 0 },
  ];
  const vectors = new Map([
    ["best", unit(1, 0)],
    ["twin", unit(1, 0)],
    ["other", unit(0, 1)],
    ["last", unit(1, 1)],
  ]);

  it("puts what is like a better hit behind what is not", () => {
    const diverse = diversify(hits, vectors, { lambda: 0.5, count: 4 });
    expect(idsOf(diverse)).toEqual(["best", "other", "twin", "last"]);
    const expected = [0.5 * 1, 0.5 * 0.6, 0.5 * 0.9 - 0.5 * 1, -0.5 * Math.SQRT1_2];
    diverse.forEach(({ score }, index) => {
      expect(score).toBeCloseTo(expected[index] ?? Number.NaN, 6);
    });
  });

  it("gives no more hits than are asked for", () => {
    expect(idsOf(diversify(hits, vectors, { lambda: 0.5, count: 2 }))).toEqual(["best", "other"]);
    expect(diversify(hits, vectors, { lambda: 0.5, count: 0 })).toEqual([]);
    expect(diversify([], vectors, { lambda: 0.5, count: 3 })).toEqual([]);
  });

  it("looks at likeness alone after the first where lambda is 0", () => {
    expect(idsOf(diversify(hits, vectors, { lambda: 0, count: 2 }))).toEqual(["best", "other"]);
  });

  it("takes a hit without a vector to be like none", () => {
    const without = new Map([...vectors].filter(([chunkId]) => chunkId !== "twin"));
    expect(idsOf(diversify(hits, without, { lambda: 0.5, count: 4 }))).toEqual(["best", "twin", "other", "last"]);
  });

  it("keeps all else that is known of a hit", () => {
    const hit = { chunkId: "a", score: 3, content: "the mill" };
    expect(diversify([hit], new Map(), { lambda: 0.7, count: 1 })).toEqual([{ ...hit, score: 0.7 }]);
  });

  const given = fc
    .uniqueArray(
      fc.record({
        id: fc.nat(50),
        score: fc.double({ min: -1, max: 30, noNaN: true }),
        vector: fc.option(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 3 }), { nil: undefined }),
      }),
      { selector: ({ id }) => id, maxLength: 20 },
    )
    .map((rows) => ({
      hits: rows.map(({ id, score }) => ({ chunkId: String(id), score })).toSorted((left, right) => right.score - left.score),
      vectors: new Map(
        rows.flatMap(({ id, vector }) => (vector?.some((component) => component !== 0) ? [[String(id), unit(...vector)]] : [])),
      ),
    }));
  const lambda = fc.double({ min: 0, max: 1, noNaN: true });

  it("gives scores that fall from hit to hit, every hit once, the most relevant first", () => {
    fc.assert(
      fc.property(given, lambda, fc.integer({ min: 1, max: 25 }), ({ hits, vectors }, lambda, count) => {
        const diverse = diversify(hits, vectors, { lambda, count });
        expect(diverse).toHaveLength(Math.min(count, hits.length));
        expect(new Set(idsOf(diverse)).size).toBe(diverse.length);
        expect(diverse[0]?.chunkId).toBe(hits[0]?.chunkId);
        diverse.forEach(({ score }, index) => {
          expect(score).toBeLessThanOrEqual((diverse[index - 1]?.score ?? Number.POSITIVE_INFINITY) + 1e-9);
        });
      }),
    );
  });

  it("keeps the order where lambda is 1", () => {
    fc.assert(
      fc.property(given, ({ hits, vectors }) => {
        expect(idsOf(diversify(hits, vectors, { lambda: 1, count: hits.length }))).toEqual(idsOf(hits));
      }),
    );
  });
});
