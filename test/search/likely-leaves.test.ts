import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LeafPlace, leavesAt, likelyLeaves, neighbourhoods } from "../../src/search/likely-leaves.ts";
import { scoreText } from "../../src/search/score-text.ts";
import { idOf, type LeafSketch, leavesOf } from "../support/leaf-sketches.ts";

const averageTokens = 20;

/** Documents of 18 leaves, of which few hold words; whatever counts there has three neighbours on each side. */
function documentsOf(tokenCount: fc.Arbitrary<number>): fc.Arbitrary<LeafSketch[]> {
  const leaf = fc.record({
    tokenCount,
    frequencies: fc.oneof(
      { weight: 4, arbitrary: fc.constant([0, 0]) },
      { weight: 1, arbitrary: fc.array(fc.constantFrom(0, 1, 1, 3), { minLength: 2, maxLength: 2 }) },
    ),
  });
  const document = fc.array(leaf, { minLength: 18, maxLength: 18 });
  return fc.array(document, { minLength: 1, maxLength: 6 }).map((documents) =>
    documents.flatMap((leaves, document) =>
      leaves.map((given, chunkIndex) => {
        const isNearEnd = chunkIndex < 6 || chunkIndex > 11;
        return { document, chunkIndex, ...given, frequencies: isNearEnd ? [0, 0] : given.frequencies };
      }),
    ),
  );
}

const statistics = [{ chunkCount: 1_000, tokensAverage: averageTokens, frequencies: [40, 300] }];

/** Those leaves that hold words, in any order. */
function matchedOf(leaves: readonly LeafSketch[]): LeafSketch[] {
  return leaves.filter(({ frequencies }) => frequencies?.some((frequency) => frequency > 0)).toReversed();
}

function nameOf({ documentId, chunkIndex }: LeafPlace): string {
  return `${documentId}/${chunkIndex}`;
}

/** Every place with a score, best first, as a search that reads everything has them. */
function truePlaces(leaves: readonly LeafSketch[], window: number): { name: string; score: number }[] {
  const hasNeighbours = Uint8Array.from(leaves, ({ chunkIndex = 0 }) => (chunkIndex > 2 && chunkIndex < 15 ? 1 : 0));
  const scores = scoreText(leavesOf(leaves), statistics, window, hasNeighbours);
  return leaves
    .map(({ document = 0, chunkIndex = 0 }, leaf) => ({
      name: nameOf({ documentId: idOf(document), documentKey: 0, chunkIndex }),
      score: scores[leaf] ?? 0,
    }))
    .filter(({ score }) => score > 0)
    .toSorted((left, right) => right.score - left.score);
}

const window = fc.integer({ min: 0, max: 3 });

describe("the likely places", () => {
  it("hold every place where a word counts, if there is room for all", () => {
    fc.assert(
      fc.property(documentsOf(fc.integer({ min: 1, max: 60 })), window, (leaves, window) => {
        const likely = new Set(likelyLeaves(leavesOf(matchedOf(leaves)), statistics, window, 1_000).map(nameOf));
        expect(truePlaces(leaves, window).filter(({ name }) => !likely.has(name))).toEqual([]);
      }),
    );
  });

  it("hold the best ones, where all leaves are of average length", () => {
    fc.assert(
      fc.property(documentsOf(fc.constant(averageTokens)), window, fc.integer({ min: 1, max: 20 }), (leaves, window, count) => {
        const likely = new Set(likelyLeaves(leavesOf(matchedOf(leaves)), statistics, window, count).map(nameOf));
        const places = truePlaces(leaves, window);
        const least = places[count - 1]?.score ?? 0;
        // Of several that are equal at the end any will do.
        const best = places.filter(({ score }) => score > least + 1e-9);
        expect(best.filter(({ name }) => !likely.has(name))).toEqual([]);
        expect(likely.size).toBeGreaterThanOrEqual(Math.min(count, places.length));
      }),
    );
  });

  it("hold nearly all of the best ones, whatever the lengths, if a quarter more are asked for", () => {
    const count = 12;
    let wanted = 0;
    let found = 0;
    fc.assert(
      fc.property(documentsOf(fc.integer({ min: 5, max: 35 })), window, (leaves, window) => {
        const likely = new Set(likelyLeaves(leavesOf(matchedOf(leaves)), statistics, window, count + count / 4).map(nameOf));
        const best = truePlaces(leaves, window).slice(0, count);
        wanted += best.length;
        found += best.filter(({ name }) => likely.has(name)).length;
      }),
      { numRuns: 200 },
    );
    expect(found / wanted).toBeGreaterThan(0.9);
  });

  it("hold the best ones even behind many that are equal", () => {
    const equal = Array.from({ length: 50 }, (_, document) => ({ document, tokenCount: averageTokens, frequencies: [1, 0] }));
    const better = { document: 50, tokenCount: averageTokens, frequencies: [5, 0] };
    const likely = likelyLeaves(leavesOf([...equal, better]), statistics, 0, 10);
    expect(likely.map(nameOf)).toContain(nameOf({ documentId: idOf(50), documentKey: 0, chunkIndex: 0 }));
    expect(likely.length).toBeGreaterThanOrEqual(10);
    expect(likely.length).toBeLessThanOrEqual(20);
  });

  it("count a leaf once that was found twice", () => {
    const leaf = { document: 1, chunkIndex: 4, tokenCount: averageTokens, frequencies: [2, 0] };
    const other = { document: 2, chunkIndex: 4, tokenCount: averageTokens, frequencies: [3, 0] };
    const once = likelyLeaves(leavesOf([leaf, other]), statistics, 1, 1);
    expect(likelyLeaves(leavesOf([leaf, other, leaf]), statistics, 1, 1)).toEqual(once);
    expect(once.map(nameOf)).toEqual([nameOf({ documentId: idOf(2), documentKey: 0, chunkIndex: 4 })]);
  });

  it("may lie between two leaves that hold words, and hold none", () => {
    const leaf = (chunkIndex: number) => ({ document: 1, chunkIndex, tokenCount: averageTokens, frequencies: [2, 0] });
    const likely = likelyLeaves(leavesOf([leaf(4), leaf(6)]), statistics, 1, 100);
    expect(likely.map(({ chunkIndex }) => chunkIndex).toSorted()).toEqual([3, 4, 5, 6, 7]);
  });

  it("are none where no word was found", () => {
    expect(likelyLeaves(leavesOf([]), statistics, 2, 100)).toEqual([]);
  });
});

function placesOf(...places: readonly (readonly [number, number])[]): LeafPlace[] {
  const ids = leavesOf(places.map(([document]) => ({ document }))).documentIds;
  return places.map(([document, chunkIndex], index) => ({
    documentId: idOf(document),
    documentKey: ids.key(index),
    chunkIndex,
  }));
}

describe("neighbourhoods", () => {
  it("are put together where they meet, and begin with the document", () => {
    expect(neighbourhoods(placesOf([1, 9], [2, 0], [1, 1], [1, 14]), 2)).toEqual([
      { documentId: idOf(1), first: 0, last: 3 },
      { documentId: idOf(1), first: 7, last: 16 },
      { documentId: idOf(2), first: 0, last: 2 },
    ]);
    expect(neighbourhoods(placesOf([1, 3], [1, 4], [1, 6]), 0)).toEqual([
      { documentId: idOf(1), first: 3, last: 4 },
      { documentId: idOf(1), first: 6, last: 6 },
    ]);
    expect(neighbourhoods([], 2)).toEqual([]);
  });

  it("hold each place with all its neighbours, and no leaf twice", () => {
    const place = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(40));
    fc.assert(
      fc.property(fc.array(place, { maxLength: 30 }), window, (given, window) => {
        const ranges = neighbourhoods(placesOf(...given), window);
        const held = ranges.flatMap(({ documentId, first, last }) =>
          Array.from({ length: last - first + 1 }, (_, step) => `${documentId}/${first + step}`),
        );
        expect(new Set(held).size).toBe(held.length);
        const wanted = new Set(
          given.flatMap(([document, chunkIndex]) =>
            Array.from({ length: 2 * window + 1 }, (_, step) => chunkIndex - window + step)
              .filter((index) => index >= 0)
              .map((index) => `${idOf(document)}/${index}`),
          ),
        );
        expect(new Set(held)).toEqual(wanted);
      }),
    );
  });
});

describe("the leaves at places", () => {
  it("are those of the same document and index", () => {
    const leaves = leavesOf([
      { document: 1, chunkIndex: 4 },
      { document: 1, chunkIndex: 5 },
      { document: 2, chunkIndex: 4 },
      { document: 3, chunkIndex: 0 },
    ]);
    expect([...leavesAt(leaves, placesOf([1, 4], [3, 0], [3, 1], [2, -1]))]).toEqual([1, 0, 0, 1]);
    expect([...leavesAt(leaves, [])]).toEqual([0, 0, 0, 0]);
  });
});
