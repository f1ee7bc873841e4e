/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): each next hit is the one that is most relevant and least like
 * those before it. Scores become lambda × relevance − (1 − lambda) × likeness, with the relevance scaled to 0…1; they fall from hit
 * to hit.
 *
 * @param hits    best first.
 * @param vectors by chunk id, of unit length; a hit without one is like none.
 * @param lambda  1: relevance alone, 0: variety alone.
 */
export function diversify<T extends { readonly chunkId: string; readonly score: number }>(
  hits: readonly T[],
  vectors: ReadonlyMap<string, Float32Array>,
  options: { readonly lambda: number; readonly count: number },
): T[] {
  const { lambda, count } = options;
  const most = hits[0]?.score ?? 0;
  const least = hits.at(-1)?.score ?? 0;
  const left = hits.map((hit) => ({
    hit,
    vector: vectors.get(hit.chunkId),
    relevance: most > least ? (hit.score - least) / (most - least) : 1,
    likeness: 0,
  }));
  const chosen: T[] = [];
  while (left.length > 0 && chosen.length < count) {
    const worthOf = ({ relevance, likeness }: { relevance: number; likeness: number }) =>
      lambda * relevance - (1 - lambda) * likeness;
    let best = 0;
    for (let index = 1; index < left.length; index++) {
      const [candidate, leader] = [left[index], left[best]];
      if (candidate && leader && worthOf(candidate) > worthOf(leader)) best = index;
    }
    const [next] = left.splice(best, 1);
    if (!next) break;
    chosen.push({ ...next.hit, score: worthOf(next) });
    for (const other of left) {
      if (next.vector && other.vector) other.likeness = Math.max(other.likeness, dot(next.vector, other.vector));
    }
  }
  return chosen;
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += (left[index] ?? 0) * (right[index] ?? 0);
  return sum;
}
