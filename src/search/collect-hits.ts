import { limits } from "../domain/limits.ts";
import type { Queryable } from "../storage/database.ts";
import { type Hit, loadHits } from "../storage/load-hits.ts";
import type { ScoredCandidate } from "./fuse.ts";
import type { SearchHit, SearchQuery } from "./search-query.ts";

/** A hit before what stands around it is read. */
export type FoundHit = Omit<SearchHit, "context">;

export interface CollectedHits {
  readonly hits: readonly FoundHit[];
  /** The owner's writes when the last of them was loaded; undefined: there was nothing to load. */
  readonly writes: bigint | undefined;
}

/**
 * Loads the best candidates, as many as the rest of the search looks at. A chunk of which more than half is in a better one of the same
 * document is left out, and the next one moves up: chunks overlap where a document was cut so.
 *
 * @param ranked best first.
 */
export async function collectHits(
  transaction: Queryable,
  query: SearchQuery,
  ranked: readonly ScoredCandidate[],
): Promise<CollectedHits> {
  const wanted = hitsWanted(query);
  const hits: FoundHit[] = [];
  let writes: bigint | undefined;
  for (let next = 0; next < ranked.length && hits.length < wanted; ) {
    const batch = ranked.slice(next, next + wanted - hits.length);
    next += batch.length;
    const loaded = await loadHits(
      transaction,
      query.ownerId,
      batch.map((candidate) => candidate.chunkId),
    );
    writes = loaded.writes;
    for (const candidate of batch) {
      const hit = loaded.hits.get(candidate.chunkId);
      if (hit && !hits.some((better) => isMostlyIn(hit, better))) hits.push({ ...hit, ...scoresOf(candidate) });
    }
  }
  return { hits, writes };
}

/** What reorders hits has to see more of them than are asked for. */
export function hitsWanted({ limit, rerank, rerankTopK, mmrLambda, recency }: SearchQuery): number {
  const reranked = rerank === "none" ? 0 : rerankTopK;
  const reordered = mmrLambda !== undefined || recency ? limits.searchCandidates : 0;
  return Math.max(limit, reranked, reordered);
}

function scoresOf({ score, similarity, textRank, vectorPosition, textPosition, rrfScore }: ScoredCandidate) {
  return { score, similarity, textRank, vectorPosition, textPosition, rrfScore, rerankScore: undefined };
}

function isMostlyIn(hit: Hit, better: Hit): boolean {
  if (hit.documentId !== better.documentId) return false;
  const shared = Math.min(hit.charEnd, better.charEnd) - Math.max(hit.charStart, better.charStart);
  return shared > (hit.charEnd - hit.charStart) / 2;
}
