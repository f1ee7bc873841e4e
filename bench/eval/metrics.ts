/** How good a ranking is, by judgements; both figures are 0 to 1, and 1 is best. */

/**
 * Normalised discounted cumulative gain: the grades of the first `k`, each divided by log2(rank + 1), over the same sum for the best
 * order there is (Järvelin and Kekäläinen, 2002). For grades of only 0 and 1 the other usual gain, 2^grade − 1, is the same.
 *
 * @param ranked judged ids, best first, none twice.
 * @param grades relevance above 0 by judged id; those that are missing have 0.
 */
export function ndcg(ranked: readonly string[], grades: ReadonlyMap<string, number>, k: number): number {
  const gains = ranked.map((id) => grades.get(id) ?? 0);
  const idealGains = [...grades.values()].sort((left, right) => right - left);
  return discountedSum(gains, k) / discountedSum(idealGains, k);
}

/** The share of the relevant ids that are among the first `k`; the parameters are those of `ndcg`. */
export function recall(ranked: readonly string[], grades: ReadonlyMap<string, number>, k: number): number {
  return ranked.slice(0, k).filter((id) => grades.has(id)).length / grades.size;
}

function discountedSum(gains: readonly number[], k: number): number {
  return gains.slice(0, k).reduce((sum, gain, index) => sum + gain / Math.log2(index + 2), 0);
}
