import type { LeafRange, Leaves } from "../storage/read-leaves.ts";
import { BestOf } from "./best-of.ts";
import {
  addFrequencies,
  bm25,
  type CorpusStatistics,
  listWords,
  neighbourShares,
  readingOrder,
  termWeights,
} from "./score-text.ts";

/** A leaf by its place, of which nothing else need be known yet. */
export interface LeafPlace {
  readonly documentId: string;
  /** As `Uuids` gives it. */
  readonly documentKey: number;
  readonly chunkIndex: number;
}

/**
 * The places where BM25 with neighbours will be highest, going by the leaves that hold words alone: those themselves and the leaves
 * around them, which may hold none. What is not known yet, the length of the others, is taken as average.
 *
 * @param matched leaves that hold words; one may be there twice.
 */
export function likelyLeaves(
  matched: Leaves,
  statistics: readonly CorpusStatistics[],
  window: number,
  count: number,
): LeafPlace[] {
  const { documentIds, chunkIndexes, corpora, tokenCounts, width } = matched;
  const { order, documentOf } = readingOrder(matched);
  const words = listWords(matched, order);
  const indexes = order.map((leaf) => chunkIndexes[leaf] ?? 0);
  const indexAt = (position: number) => indexes[position] ?? 0;
  const documentAt = (position: number) => documentOf[order[position] ?? 0];
  const weights = statistics.map(termWeights);
  const shares = neighbourShares(window);
  const sums = new Float64Array(width);
  // One entry per place: which leaf's document it is in, its index there, and its score.
  const placesMax = order.length * (2 * window + 1);
  const witnesses = new Int32Array(placesMax);
  const centers = new Int32Array(placesMax);
  const scores = new Float64Array(placesMax);
  let placeCount = 0;
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && documentAt(end) === documentAt(start)) end++;
    const witness = order[start] ?? 0;
    const corpus = corpora[witness] ?? -1;
    const weight = weights[corpus] ?? [];
    const average = statistics[corpus]?.tokensAverage ?? 1;
    const lengthAverage = (2 * window + 1) * average;
    let next = 0;
    for (let position = start, nearFirst = start; position < end; position++) {
      for (let center = Math.max(next, indexAt(position) - window); center <= indexAt(position) + window; center++) {
        while (indexAt(nearFirst) < center - window) nearFirst++;
        sums.fill(0);
        let length = lengthAverage;
        for (let near = nearFirst; near < end && indexAt(near) <= center + window; near++) {
          if (near > nearFirst && indexAt(near) === indexAt(near - 1)) continue;
          const neighbour = order[near] ?? 0;
          length += (tokenCounts[neighbour] ?? 0) - average;
          addFrequencies(sums, words, near, shares[Math.abs(indexAt(near) - center)] ?? 0);
        }
        witnesses[placeCount] = witness;
        centers[placeCount] = center;
        scores[placeCount++] = bm25(sums, weight, length / lengthAverage);
        next = center + 1;
      }
    }
  }
  const best = new BestOf(count, (left, right) => (scores[left] ?? 0) < (scores[right] ?? 0));
  for (let place = 0; place < placeCount; place++) best.offer(place);
  const least = best.last === undefined ? 0 : (scores[best.last] ?? 0);
  // Many places may be as good as the last one, so that those which are better come first.
  const better = placesWhere((place) => (scores[place] ?? 0) > least, placeCount);
  const equal = placesWhere((place) => scores[place] === least, placeCount);
  return [...better, ...equal].slice(0, 2 * count).map((place) => {
    const witness = witnesses[place] ?? 0;
    return { documentId: documentIds.text(witness), documentKey: documentIds.key(witness), chunkIndex: centers[place] ?? 0 };
  });
}

function placesWhere(isWanted: (place: number) => boolean, count: number): number[] {
  const wanted: number[] = [];
  for (let place = 0; place < count; place++) if (isWanted(place)) wanted.push(place);
  return wanted;
}

/** The parts of documents that hold these places and `window` leaves on each side, put together where they meet. */
export function neighbourhoods(places: readonly LeafPlace[], window: number): LeafRange[] {
  const documents = new Map<number, { readonly documentId: string; readonly centers: number[] }>();
  for (const { documentId, documentKey, chunkIndex } of places) {
    const known = documents.get(documentKey);
    if (known) known.centers.push(chunkIndex);
    else documents.set(documentKey, { documentId, centers: [chunkIndex] });
  }
  const ranges: { documentId: string; first: number; last: number }[] = [];
  for (const { documentId, centers } of documents.values()) {
    let range: { documentId: string; first: number; last: number } | undefined;
    for (const center of centers.sort((left, right) => left - right)) {
      const first = Math.max(0, center - window);
      if (range && first <= range.last + 1) {
        range.last = center + window;
      } else {
        range = { documentId, first, last: center + window };
        ranges.push(range);
      }
    }
  }
  return ranges;
}

/** Which of the leaves are at one of the places: 1 or 0. */
export function leavesAt(leaves: Leaves, places: readonly LeafPlace[]): Uint8Array {
  const indexes = new Map<number, Set<number>>();
  for (const { documentKey, chunkIndex } of places) {
    const known = indexes.get(documentKey);
    if (known) known.add(chunkIndex);
    else indexes.set(documentKey, new Set([chunkIndex]));
  }
  const isThere = new Uint8Array(leaves.count);
  for (let leaf = 0; leaf < leaves.count; leaf++) {
    if (indexes.get(leaves.documentIds.key(leaf))?.has(leaves.chunkIndexes[leaf] ?? -1)) isThere[leaf] = 1;
  }
  return isThere;
}
