import type { Candidate } from "./rank-leaves.ts";
import type { Fusion, SearchQuery } from "./search-query.ts";

/** A candidate with its place in the answer. */
export interface ScoredCandidate extends Candidate {
  /** What the order follows; higher is better. */
  readonly score: number;
  /** Reciprocal rank fusion; undefined unless both sides were asked. */
  readonly rrfScore: number | undefined;
}

/** Damps the lead of the first places (Cormack, Clarke and Büttcher, SIGIR 2009). */
const rrfK = 60;

/** Weight of the vector side unless the request says otherwise: see docs/search.md for what others gave. */
export const alphaDefaults: Readonly<Record<Fusion, number>> = { relative_score: 0.55, rrf: 0.5 };

/**
 * Gives each candidate one score and sorts: best first, equal scores by chunk id, so that the order is the same each time.
 *
 * - vector: cosine similarity; text: BM25.
 * - relative_score: alpha × similarity + (1 − alpha) × BM25, each scaled to 0…1 between the worst and the best of its own side's
 *   candidates, and 0 where a side does not have the chunk. Cosines of one model lie close together, so their own scale says little.
 *   What a speaker says whom the query names gets `speakerBoost` on top.
 * - rrf: alpha ÷ (60 + vector position) + (1 − alpha) ÷ (60 + text position); only positions matter.
 */
export function fuse(
  candidates: readonly Candidate[],
  query: Pick<SearchQuery, "searchType" | "fusion" | "alpha" | "queryText" | "speakerBoost">,
): ScoredCandidate[] {
  const { searchType, fusion, alpha } = query;
  const similarityScale = scaleOf(candidates.filter((c) => c.vectorPosition !== undefined).map((c) => c.similarity));
  const textScale = scaleOf(candidates.filter((c) => c.textPosition !== undefined).map((c) => c.textRank));
  const isNamed = speakersNamedIn(query.queryText);
  const scored = candidates.map((candidate): ScoredCandidate => {
    const rrfScore = reciprocal(alpha, candidate.vectorPosition) + reciprocal(1 - alpha, candidate.textPosition);
    if (searchType === "vector") return { ...candidate, score: candidate.similarity ?? -1, rrfScore: undefined };
    if (searchType === "text") return { ...candidate, score: candidate.textRank ?? 0, rrfScore: undefined };
    if (fusion === "rrf") return { ...candidate, score: rrfScore, rrfScore };
    const relativeScore = alpha * similarityScale(candidate.similarity) + (1 - alpha) * textScale(candidate.textRank);
    return { ...candidate, score: relativeScore + (isNamed(candidate.speaker) ? query.speakerBoost : 0), rrfScore };
  });
  return sortByScore(scored);
}

/** Best first; equal scores by chunk id. */
export function sortByScore<T extends { readonly score: number; readonly chunkId: string }>(scored: readonly T[]): T[] {
  return [...scored].sort((left, right) => right.score - left.score || (left.chunkId < right.chunkId ? -1 : 1));
}

function reciprocal(weight: number, position: number | undefined): number {
  return position === undefined ? 0 : weight / (rrfK + position);
}

/** Tells whether a query names a speaker: by any part of the name that has at least two letters. */
function speakersNamedIn(queryText: string): (speaker: string | undefined) => boolean {
  const words = new Set(wordsOf(queryText));
  const known = new Map<string, boolean>();
  return (speaker) => {
    if (speaker === undefined) return false;
    const isNamed = known.get(speaker) ?? wordsOf(speaker).some((word) => word.length > 1 && words.has(word));
    known.set(speaker, isNamed);
    return isNamed;
  };
}

/** A possessive, as in "Caroline's", names too. */
function wordsOf(text: string): string[] {
  return (text
    .normalize("NFKC")
    .toLowerCase()
    .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []) as string[];
}

function scaleOf(values: readonly (number | undefined)[]): (value: number | undefined) => number {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === undefined) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return (value) => {
    if (value === undefined) return 0;
    if (most <= least) return 1;
    // Candidates of the other side alone may lie below the worst of this side.
    return Math.min(1, Math.max(0, (value - least) / (most - least)));
  };
}
