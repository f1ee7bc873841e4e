import type { NearChunk } from "../storage/find-nearest.ts";
import type { Leaves } from "../storage/read-leaves.ts";
import { BestOf } from "./best-of.ts";

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
  /** Vectors that were compared; where an index was asked, those that it gave. */
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
  const { chunkIds, speakers, similarities, allowed, phrased } = leaves;
  const compared = nearest
    ? leavesOf(leaves, nearest)
    : best(leaves, similarities, (leaf) => allowed[leaf] === 1 && !Number.isNaN(similarities[leaf]), count);
  const worded = best(
    leaves,
    textRanks,
    (leaf) => allowed[leaf] === 1 && phrased[leaf] === 1 && (textRanks[leaf] ?? 0) > 0,
    count,
  );
  const vectorPositions = positionsOf(compared.best, leaves.count);
  const textPositions = positionsOf(worded.best, leaves.count);
  const byTextAlone = worded.best.filter((leaf) => vectorPositions[leaf] === 0);
  const candidates = [...compared.best, ...byTextAlone].map((leaf) => {
    const similarity = similarities[leaf] ?? Number.NaN;
    return {
      chunkId: chunkIds.text(leaf),
      speaker: speakers[leaf] ?? undefined,
      similarity: Number.isNaN(similarity) ? undefined : similarity,
      // Without the phrases that are asked for, a chunk is found by its vector alone.
      textRank: (phrased[leaf] === 1 && textRanks[leaf]) || undefined,
      vectorPosition: vectorPositions[leaf] || undefined,
      textPosition: textPositions[leaf] || undefined,
    };
  });
  return { candidates, vectorCount: compared.count, textCount: worded.count };
}

/** Per leaf: its place in the list, from 1; 0 if it is not there. */
function positionsOf(listed: readonly number[], count: number): Int32Array {
  const positions = new Int32Array(count);
  for (const [index, leaf] of listed.entries()) positions[leaf] = index + 1;
  return positions;
}

interface BestLeaves {
  /** Best first. */
  readonly best: readonly number[];
  /** How many there were to choose from. */
  readonly count: number;
}

/** The wanted leaves of the highest values, highest first, equal ones by id. */
function best(
  { count, chunkIds }: Leaves,
  values: Float32Array | Float64Array,
  isWanted: (leaf: number) => boolean,
  most: number,
): BestLeaves {
  const chosen = new BestOf(most, (left, right) => {
    const difference = (values[left] ?? 0) - (values[right] ?? 0);
    return difference < 0 || (difference === 0 && chunkIds.compare(left, right) > 0);
  });
  let wanted = 0;
  for (let leaf = 0; leaf < count; leaf++) {
    if (!isWanted(leaf)) continue;
    wanted++;
    chosen.offer(leaf);
  }
  return { best: chosen.inOrder(), count: wanted };
}

function leavesOf(leaves: Leaves, nearest: readonly NearChunk[]): BestLeaves {
  const positions = new Map<number, number>();
  for (let leaf = 0; leaf < leaves.count; leaf++) positions.set(leaves.chunkIds.key(leaf), leaf);
  return { best: nearest.flatMap(({ chunkKey }) => positions.get(chunkKey) ?? []), count: nearest.length };
}
