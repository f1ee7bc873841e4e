import { type ScoredCandidate, sortByScore } from "./fuse.ts";

/** What a variant's opinion counts beside the query's own. */
const variantWeight = 0.5;

/**
 * Puts together what several wordings of a query found: a candidate's score is the weighted mean of its scores, 0 where a wording did
 * not find it. Similarity, text rank and positions are those of the query itself, or else of the first wording that found it.
 *
 * @param found best first; the query's own first.
 */
export function combineVariants(found: readonly (readonly ScoredCandidate[])[]): readonly ScoredCandidate[] {
  const [own = [], ...others] = found;
  if (others.length === 0) return own;
  const combined = new Map<string, ScoredCandidate>();
  const weightSum = 1 + variantWeight * others.length;
  found.forEach((candidates, variant) => {
    const weight = (variant === 0 ? 1 : variantWeight) / weightSum;
    for (const candidate of candidates) {
      const known = combined.get(candidate.chunkId);
      combined.set(candidate.chunkId, { ...(known ?? candidate), score: (known?.score ?? 0) + weight * candidate.score });
    }
  });
  return sortByScore([...combined.values()]);
}
