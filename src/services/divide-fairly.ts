/**
 * Divides bytes among replies that are sent together: what fits into an equal share gets all it needs, and what it leaves is
 * divided equally among the larger ones.
 *
 * @param needed bytes that each needs, ≥ 0.
 * @param total bytes there are, ≥ 0.
 * @returns bytes for each, in the same order: never more than it needs, and not more than the total together.
 */
export function divideFairly(needed: readonly number[], total: number): number[] {
  const shares = needed.map(() => 0);
  let left = total;
  const smallestFirst = needed.map((bytes, index) => ({ bytes, index })).sort((a, b) => a.bytes - b.bytes);
  for (const [position, { bytes, index }] of smallestFirst.entries()) {
    const share = Math.min(bytes, Math.floor(left / (needed.length - position)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}
