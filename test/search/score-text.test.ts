import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bm25,
  type CorpusStatistics,
  neighbourShares,
  readingOrder,
  scoreText,
  termWeights,
} from "../../src/search/score-text.ts";
import { type LeafSketch, leavesOf } from "../support/leaf-sketches.ts";

/** A leaf with all that BM25 looks at. */
type WordedLeaf = Required<Pick<LeafSketch, "document" | "chunkIndex" | "tokenCount" | "corpus" | "frequencies">>;

/** What BM25 has to know, counted over all leaves. */
function countStatistics(leaves: readonly WordedLeaf[], corpora: number, terms: number): CorpusStatistics[] {
  return Array.from({ length: corpora }, (_, corpus) => {
    const own = leaves.filter((leaf) => leaf.corpus === corpus);
    const tokens = own.reduce((sum, leaf) => sum + leaf.tokenCount, 0);
    const frequencies = Array.from(
      { length: terms },
      (_, term) => own.filter(({ frequencies }) => (frequencies[term] ?? 0) > 0).length,
    );
    return { chunkCount: own.length, tokensAverage: tokens / Math.max(1, own.length), frequencies };
  });
}

/** BM25 with neighbours, written down plainly: every leaf looks at every other one. */
function plainScores(leaves: readonly WordedLeaf[], statistics: readonly CorpusStatistics[], window: number): number[] {
  const windowOf = (leaf: WordedLeaf) =>
    leaves.filter((other) => other.document === leaf.document && isReachable(leaves, leaf, other, window));
  return leaves.map((leaf) => {
    const facts = statistics[leaf.corpus];
    if (!facts) return 0;
    const near = windowOf(leaf);
    const sameCorpus = leaves.filter(({ corpus }) => corpus === leaf.corpus);
    const leavesTogether = sameCorpus.reduce((sum, other) => sum + windowOf(other).length, 0) / sameCorpus.length;
    const length = near.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
    const norm = 1.2 * (0.25 + (0.75 * length) / (facts.tokensAverage * leavesTogether));
    let score = 0;
    facts.frequencies.forEach((documents, term) => {
      const idf = Math.log(1 + (facts.chunkCount - documents + 0.5) / (documents + 0.5));
      let frequency = 0;
      for (const other of near) frequency += (other.frequencies[term] ?? 0) * 0.8 ** Math.abs(other.chunkIndex - leaf.chunkIndex);
      score += (idf * frequency * 2.2) / (frequency + norm);
    });
    return score;
  });
}

/** Whether a leaf is at most `window` steps away and all leaves between the two are there. */
function isReachable(leaves: readonly WordedLeaf[], from: WordedLeaf, to: WordedLeaf, window: number): boolean {
  const [first, last] = [Math.min(from.chunkIndex, to.chunkIndex), Math.max(from.chunkIndex, to.chunkIndex)];
  if (last - first > window) return false;
  const indexes = new Set(leaves.filter(({ document }) => document === from.document).map(({ chunkIndex }) => chunkIndex));
  for (let index = first; index <= last; index++) if (!indexes.has(index)) return false;
  return true;
}

const terms = 3;
const corpora = 3;

/** Up to six documents of up to eight leaves, each document of one corpus, some leaves missing, in any order. */
const corpus = fc
  .array(
    fc.record({
      corpus: fc.integer({ min: 0, max: corpora - 1 }),
      leaves: fc.array(
        fc.option(
          fc.record({
            tokenCount: fc.integer({ min: 1, max: 60 }),
            frequencies: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 7), { minLength: terms, maxLength: terms }),
          }),
          { freq: 6, nil: undefined },
        ),
        { maxLength: 8 },
      ),
    }),
    { maxLength: 6 },
  )
  .map((documents): WordedLeaf[] =>
    documents.flatMap(({ corpus, leaves }, document) =>
      leaves.flatMap((leaf, chunkIndex) => (leaf ? [{ document, chunkIndex, corpus, ...leaf }] : [])),
    ),
  )
  .chain((leaves) => fc.shuffledSubarray(leaves, { minLength: leaves.length }));
const window = fc.integer({ min: 0, max: 3 });

function expectClose(given: Float64Array, expected: readonly number[]): void {
  expect(given).toHaveLength(expected.length);
  for (const [leaf, score] of given.entries()) expect(score).toBeCloseTo(expected[leaf] ?? Number.NaN, 10);
}

describe("BM25 with neighbours", () => {
  it("is what a plain implementation gives, whatever the corpus, the window and the order of the leaves", () => {
    fc.assert(
      fc.property(corpus, window, (leaves, window) => {
        const statistics = countStatistics(leaves, corpora, terms);
        expectClose(scoreText(leavesOf(leaves), statistics, window), plainScores(leaves, statistics, window));
      }),
      { numRuns: 300 },
    );
  });

  it("is the classic BM25 of each chunk without neighbours", () => {
    fc.assert(
      fc.property(corpus, (leaves) => {
        const statistics = countStatistics(leaves, corpora, terms);
        const classic = leaves.map(({ corpus, tokenCount, frequencies }) => {
          const { chunkCount, tokensAverage, frequencies: documents } = statistics[corpus] ?? { frequencies: [] };
          if (chunkCount === undefined || tokensAverage === undefined) return 0;
          return frequencies.reduce((score, frequency, term) => {
            const count = documents[term] ?? 0;
            const idf = Math.log(1 + (chunkCount - count + 0.5) / (count + 0.5));
            return score + (idf * frequency * 2.2) / (frequency + 1.2 * (0.25 + (0.75 * tokenCount) / tokensAverage));
          }, 0);
        });
        expectClose(scoreText(leavesOf(leaves), statistics, 0), classic);
      }),
    );
  });

  it("never falls when a word is added, to the chunk or beside it", () => {
    fc.assert(
      fc.property(corpus, window, fc.nat(), (leaves, window, chosen) => {
        fc.pre(leaves.length > 0);
        const at = chosen % leaves.length;
        const statistics = countStatistics(leaves, corpora, terms);
        const more = leaves.map((leaf, index) =>
          index === at ? { ...leaf, frequencies: leaf.frequencies.map((frequency) => frequency + 1) } : leaf,
        );
        const [before, after] = [leaves, more].map((given) => scoreText(leavesOf(given), statistics, window));
        leaves.forEach((_, leaf) => {
          expect(after?.[leaf]).toBeGreaterThanOrEqual(before?.[leaf] ?? Number.NaN);
        });
      }),
    );
  });

  it("adds frequencies up before they saturate, and counts a word less the farther away it stands", () => {
    const leaves = [0, 1, 2, 3].map((chunkIndex) => ({
      document: 1,
      chunkIndex,
      tokenCount: 10,
      corpus: 0,
      frequencies: [chunkIndex === 0 ? 4 : 0],
    }));
    const statistics = [{ chunkCount: 100, tokensAverage: 10, frequencies: [5] }];
    const scores = scoreText(leavesOf(leaves), statistics, 2);
    expect([...scores].map((score) => score > 0)).toEqual([true, true, true, false]);
    expect([...scores]).toEqual([...scores].toSorted((left, right) => right - left));
    expect(neighbourShares(2)).toEqual([1, 0.8, 0.8 ** 2]);
  });

  it("does not reach over the end of a document, nor over a leaf that is not at hand", () => {
    const leaf = (document: number, chunkIndex: number, frequency = 0) => ({
      document,
      chunkIndex,
      tokenCount: 10,
      frequencies: [frequency],
    });
    const leaves = leavesOf([leaf(1, 0, 3), leaf(2, 0), leaf(1, 1), leaf(1, 3), leaf(2, 1)]);
    const scores = scoreText(leaves, [{ chunkCount: 50, tokensAverage: 10, frequencies: [2] }], 3);
    expect([...scores].map((score) => score > 0)).toEqual([true, false, true, false, false]);
  });

  it("scores those leaves alone that have their neighbours at hand", () => {
    const leaves = [0, 1, 2].map((chunkIndex) => ({ document: 1, chunkIndex, tokenCount: 5, corpus: 0, frequencies: [1] }));
    const statistics = [{ chunkCount: 9, tokensAverage: 5, frequencies: [3] }];
    const scores = scoreText(leavesOf(leaves), statistics, 1, Uint8Array.of(0, 1, 0));
    expect([...scores].map((score) => score > 0)).toEqual([false, true, false]);
    // Three leaves of average length where three stand together on average.
    const weights = termWeights(statistics[0] ?? { chunkCount: 0, tokensAverage: 0, frequencies: [] });
    expect(scores[1]).toBeCloseTo(bm25(Float64Array.of(1 + 2 * 0.8), weights, 1), 12);
  });

  it("is 0 of leaves in a language that the query was not parsed for, and of queries without words", () => {
    const statistics = [{ chunkCount: 9, tokensAverage: 5, frequencies: [3] }];
    expect([...scoreText(leavesOf([{ corpus: -1, frequencies: [2] }]), statistics, 2)]).toEqual([0]);
    expect([...scoreText(leavesOf([{}, {}]), [], 2)]).toEqual([0, 0]);
    expect([...scoreText(leavesOf([]), statistics, 2)]).toEqual([]);
  });

  it("stays a number where a count is behind: a word in more chunks than there are", () => {
    const [weight] = termWeights({ chunkCount: 3, tokensAverage: 5, frequencies: [10] });
    expect(weight).toBeGreaterThan(0);
  });
});

describe("the reading order of leaves", () => {
  it("goes document by document and chunk by chunk", () => {
    fc.assert(
      fc.property(corpus, (leaves) => {
        const { order, documentOf } = readingOrder(leavesOf(leaves));
        expect([...order].toSorted((left, right) => left - right)).toEqual(leaves.map((_, leaf) => leaf));
        const read = [...order].map((leaf) => leaves[leaf]);
        read.forEach((leaf, position) => {
          const before = read[position - 1];
          if (!leaf || !before) return;
          const isNewDocument = !read.slice(0, position).some((other) => other?.document === leaf.document);
          expect(before.document === leaf.document ? before.chunkIndex < leaf.chunkIndex : isNewDocument).toBe(true);
        });
        for (const [left, one] of leaves.entries())
          for (const [right, other] of leaves.entries())
            expect(documentOf[left] === documentOf[right]).toBe(one.document === other.document);
      }),
    );
  });

  it("holds for the largest index of a chunk", () => {
    const leaves = leavesOf([{ document: 2, chunkIndex: 99_999 }, { document: 1 }, { document: 2, chunkIndex: 99_998 }]);
    expect([...readingOrder(leaves).order]).toEqual([2, 0, 1]);
  });
});
