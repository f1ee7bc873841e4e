import { compareWithFeedback } from "../storage/compare-with-feedback.ts";
import type { Queryable } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { hitsWanted } from "./collect-hits.ts";
import { fuse, type ScoredCandidate } from "./fuse.ts";
import type { SearchQuery } from "./search-query.ts";

/** Best candidates that are taken to answer the query. */
const bestCount = 3;

/** Candidates that are compared at least. */
const comparedMin = 50;

/**
 * Ranks the candidates of a hybrid search once more, as if the best of them had been part of the question: what resembles them moves
 * up. Messages of a chat are not taken for such, since one message seldom says what a passage is about; on chats this lost what it
 * gained on prose.
 *
 * @param ranked best first.
 */
export async function applyFeedback(
  { transaction, table }: { readonly transaction: Queryable; readonly table: EmbeddingTable },
  query: SearchQuery,
  queryVector: Float32Array | undefined,
  ranked: readonly ScoredCandidate[],
): Promise<readonly ScoredCandidate[]> {
  const { searchType, fusion, alpha, relevanceFeedback } = query;
  // Who asks for one side alone gets its order.
  const isAsked = searchType === "hybrid" && fusion === "relative_score" && alpha > 0 && alpha < 1 && relevanceFeedback > 0;
  const best = ranked
    .slice(0, bestCount)
    .filter((candidate) => candidate.speaker === undefined && candidate.similarity !== undefined);
  if (!isAsked || !queryVector || best.length === 0) return ranked;
  // What lies further down hardly comes to the top by it, and comparing costs.
  const comparedCount = Math.max(comparedMin, 3 * hitsWanted(query));
  const candidates = ranked.slice(0, comparedCount);
  const similarities = await compareWithFeedback(transaction, table, {
    ownerId: query.ownerId,
    queryVector,
    bestIds: best.map(({ chunkId }) => chunkId),
    weight: relevanceFeedback,
    chunkIds: candidates.map(({ chunkId }) => chunkId),
  });
  const own = new Map(candidates.map((candidate) => [candidate.chunkId, candidate.similarity]));
  const compared = candidates.map((candidate) => ({ ...candidate, similarity: similarities.get(candidate.chunkId) }));
  // The similarity that a result shows stays that to the query.
  const fused = fuse(compared, query).map((candidate) => ({ ...candidate, similarity: own.get(candidate.chunkId) }));
  const least = fused.at(-1)?.score ?? 0;
  return [
    ...fused,
    ...ranked.slice(comparedCount).map((candidate) => (candidate.score > least ? { ...candidate, score: least } : candidate)),
  ];
}
