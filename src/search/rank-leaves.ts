import type { NearChunk } from "../storage/find-nearest.ts";
import type { Leaves } from "../storage/read-leaves.ts";

/** A chunk that one side of a search, or both, put forward. */
export interface Candidate {
  readonly chunkId: string;
  /** Who says it, in a chat. */
  readonly speaker: string | undefined;
  /** 1 − cosine distance; undefined if vectors were not compared or the chunk has none yet. */
  readonly similarity: number | undefined;
  /** BM25; undefined if no word of the query is in the chunk or its neighbours, a phrase is missing, or words were not looked at. */
  readonly textRank: number | undefined;
  /** Rank among the vector candidates, from 1; undefined beyond them. */
  readonly vectorPosition: number | undefined;
  readonly textPosition: number | undefined;
}

export interface RankedLeaves {
  readonly candidates: readonly Candidate[];
  /** Vectors that were compared. */
  readonly vectorCount: number;
  /** Leaves that hold a word of the query, or whose neighbours do. */
  readonly textCount: number;
}

/**
 * The best `count` leaves of each side, with what the other side says of them.
 *
 * @param textRanks BM25 per leaf; 0: none.
 * @param nearest   the vector side's candidates where an index gave them; undefined: the leaves themselves are ranked.
 */
export function rankLeaves(leaves: Leaves, textRanks: Float64Array, count: number, nearest?: readonly NearChunk[]): RankedLeaves {
  const { similarities, allowed, phrased } = leaves;
  const compared = best(leaves, similarities, (leaf) => allowed[leaf] === 1 && !Number.isNaN(similarities[leaf]), count);
  const worded = best(
    leaves,
    textRanks,
    (leaf) => allowed[leaf] === 1 && phrased[leaf] === 1 && (textRanks[leaf] ?? 0) > 0,
    count,
  );
  const byVector = nearest ? leavesOf(leaves, nearest) : compared.best;
  const byText = worded.best;
  const vectorPositions = new Map(byVector.map((leaf, index) => [leaf, index + 1]));
  const textPositions = new Map(byText.map((leaf, index) => [leaf, index + 1]));
  const candidates = [...new Set([...byVector, ...byText])].map((leaf) => {
    const similarity = similarities[leaf] ?? Number.NaN;
    return {
      chunkId: leaves.chunkIds.text(leaf),
      speaker: leaves.speakers[leaf] ?? undefined,
      similarity: Number.isNaN(similarity) ? undefined : similarity,
      // Without the phrases that are asked for, a chunk is found by its vector alone.
      textRank: (phrased[leaf] === 1 && textRanks[leaf]) || undefined,
      vectorPosition: vectorPositions.get(leaf),
      textPosition: textPositions.get(leaf),
    };
  });
  return { candidates, vectorCount: compared.count, textCount: worded.count };
}

/** The wanted leaves of the highest values, highest first, equal ones by id; and how many are wanted in all. */
function best(
  leaves: Leaves,
  values: Float32Array | Float64Array,
  isWanted: (leaf: number) => boolean,
  most: number,
): { best: number[]; count: number } {
  const highest = new HighestValues(most);
  let count = 0;
  for (let leaf = 0; leaf < leaves.count; leaf++) {
    if (!isWanted(leaf)) continue;
    count++;
    highest.add(values[leaf] ?? 0);
  }
  const chosen: number[] = [];
  for (let leaf = 0; leaf < leaves.count; leaf++) if ((values[leaf] ?? 0) >= highest.least && isWanted(leaf)) chosen.push(leaf);
  const idOf = (leaf: number) => leaves.chunkIds.text(leaf);
  chosen.sort((left, right) => (values[right] ?? 0) - (values[left] ?? 0) || (idOf(left) < idOf(right) ? -1 : 1));
  return { best: chosen.slice(0, most), count };
}

/** The highest of many values, in a heap whose root is the least of them: sorting thousands to find a hundred took several times as long. */
class HighestValues {
  readonly #heap: Float64Array;

  constructor(count: number) {
    this.#heap = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  }

  /** The least of the highest; −∞ while there are fewer values. */
  get least(): number {
    return this.#heap[0] ?? Number.NEGATIVE_INFINITY;
  }

  add(value: number): void {
    const heap = this.#heap;
    if (value <= this.least) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if ((heap[child + 1] ?? Number.POSITIVE_INFINITY) < (heap[child] ?? 0)) child++;
      if ((heap[child] ?? 0) >= value) break;
      heap[at] = heap[child] ?? 0;
      at = child;
    }
    heap[at] = value;
  }
}

function leavesOf(leaves: Leaves, nearest: readonly NearChunk[]): number[] {
  const positions = new Map<number, number>();
  for (let leaf = 0; leaf < leaves.count; leaf++) positions.set(leaves.chunkIds.key(leaf), leaf);
  return nearest.flatMap(({ chunkKey }) => positions.get(chunkKey) ?? []);
}
