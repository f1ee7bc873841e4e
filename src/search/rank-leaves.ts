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
  const compared = filterLeaves(leaves.count, (leaf) => allowed[leaf] === 1 && !Number.isNaN(similarities[leaf]));
  const worded = filterLeaves(leaves.count, (leaf) => allowed[leaf] === 1 && phrased[leaf] === 1 && (textRanks[leaf] ?? 0) > 0);
  const byVector = nearest ? leavesOf(leaves, nearest) : best(leaves, compared, similarities, count);
  const byText = best(leaves, worded, textRanks, count);
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
  return { candidates, vectorCount: compared.length, textCount: worded.length };
}

function filterLeaves(count: number, isWanted: (leaf: number) => boolean): number[] {
  const wanted: number[] = [];
  for (let leaf = 0; leaf < count; leaf++) if (isWanted(leaf)) wanted.push(leaf);
  return wanted;
}

/** The leaves of the highest values, highest first; equal ones by id. */
function best(leaves: Leaves, among: readonly number[], values: Float32Array | Float64Array, count: number): number[] {
  const chosen = among.length > count ? atLeast(among, values, nthHighest(among, values, count)) : [...among];
  const idOf = (leaf: number) => leaves.chunkIds.text(leaf);
  return chosen
    .sort((left, right) => (values[right] ?? 0) - (values[left] ?? 0) || (idOf(left) < idOf(right) ? -1 : 1))
    .slice(0, count);
}

/** Sorting numbers is much cheaper than sorting leaves, and tells which leaves are worth sorting. */
function nthHighest(among: readonly number[], values: Float32Array | Float64Array, n: number): number {
  const sorted = new Float64Array(among.length);
  for (let index = 0; index < among.length; index++) sorted[index] = values[among[index] ?? 0] ?? 0;
  return sorted.sort()[among.length - n] ?? 0;
}

function atLeast(among: readonly number[], values: Float32Array | Float64Array, least: number): number[] {
  return among.filter((leaf) => (values[leaf] ?? 0) >= least);
}

function leavesOf(leaves: Leaves, nearest: readonly NearChunk[]): number[] {
  const positions = new Map<number, number>();
  for (let leaf = 0; leaf < leaves.count; leaf++) positions.set(leaves.chunkIds.key(leaf), leaf);
  return nearest.flatMap(({ chunkKey }) => positions.get(chunkKey) ?? []);
}
