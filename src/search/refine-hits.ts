import { readVectors } from "../storage/read-vectors.ts";
import type { FoundHit } from "./collect-hits.ts";
import { diversify } from "./diversify.ts";
import { sortByScore } from "./fuse.ts";
import { rerank } from "./rerank.ts";
import type { GenerationDeps } from "./search.ts";
import type { Degradation, Recency, SearchQuery } from "./search-query.ts";
import type { Stages } from "./stages.ts";

export interface RefinedHits {
  /** Best first, at most as many as asked for. */
  readonly hits: readonly FoundHit[];
  readonly degraded: readonly Degradation[];
  /** Whether hits were left out for their score. */
  readonly isBelowMinScore: boolean;
}

/** What a request may ask for beyond fusion, in this order: recency, reranking, variety, a least score. */
export async function refineHits(
  deps: GenerationDeps,
  query: SearchQuery,
  found: readonly FoundHit[],
  stages: Stages,
  signal: AbortSignal,
): Promise<RefinedHits> {
  const degraded: Degradation[] = [];
  let hits = found;
  if (query.recency) hits = weighRecency(hits, query.recency, deps.clock.now());
  if (query.rerank !== "none") {
    const reranked = await stages.time("rerank", () => rerankHits(deps, query, hits, signal));
    hits = reranked.hits;
    if (reranked.degraded) degraded.push("reranker_unavailable");
  }
  if (query.mmrLambda !== undefined) {
    const lambda = query.mmrLambda;
    const ids = hits.map((hit) => hit.chunkId);
    hits = await stages.time("diversify", async () =>
      diversify(hits, await readVectors(deps.database, deps.table, query.ownerId, ids, signal), { lambda, count: query.limit }),
    );
  }
  const best = hits.slice(0, query.limit);
  const { minScore } = query;
  const kept = minScore === undefined ? best : best.filter((hit) => hit.score >= minScore);
  return { hits: kept, degraded, isBelowMinScore: kept.length < best.length };
}

/** BM25 has no upper end, so it is scaled by the best hit's before ages are mixed in; the other scores are about 0…1 already. */
function weighRecency(hits: readonly FoundHit[], { weight, halfLifeMs }: Recency, now: Date): FoundHit[] {
  const scale = Math.max(1, hits[0]?.score ?? 1);
  const weighed = hits.map((hit) => {
    const ageMs = Math.max(0, now.getTime() - (hit.documentDate ?? hit.documentCreatedAt).getTime());
    return { ...hit, score: (1 - weight) * (hit.score / scale) + weight * 2 ** (-ageMs / halfLifeMs) };
  });
  return sortByScore(weighed);
}

/** The reranker's score becomes the score; hits that it holds equal stay in their order. */
async function rerankHits(
  deps: GenerationDeps,
  query: SearchQuery,
  hits: readonly FoundHit[],
  signal: AbortSignal,
): Promise<{ hits: FoundHit[]; degraded: boolean }> {
  const mode = query.rerank;
  if (mode === "none") return { hits: [...hits], degraded: false };
  // All results have a reranker's score, so that there is one order.
  const seen = hits.slice(0, Math.max(query.rerankTopK, query.limit));
  const { scores, degraded } = await rerank(deps, { queryText: query.queryText, mode, passages: seen }, signal);
  const reranked = seen.map((hit, index) => ({ ...hit, rerankScore: scores[index] ?? 0, score: scores[index] ?? 0 }));
  return { hits: reranked.sort((left, right) => right.score - left.score), degraded };
}
