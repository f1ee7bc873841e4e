import { compareWithFeedback } from "../storage/compare-with-feedback.ts";
import type { Queryable } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { fuse, type ScoredCandidate } from "./fuse.ts";
import type { SearchQuery } from "./search-query.ts";

/** Best candidates that are taken to answer the query. */
const bestCount = 3;

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
  const similarities = await compareWithFeedback(transaction, table, {
    ownerId: query.ownerId,
    queryVector,
    bestIds: best.map(({ chunkId }) => chunkId),
    weight: relevanceFeedback,
    chunkIds: ranked.map(({ chunkId }) => chunkId),
  });
  const own = new Map(ranked.map((candidate) => [candidate.chunkId, candidate.similarity]));
  const compared = ranked.map((candidate) => ({ ...candidate, similarity: similarities.get(candidate.chunkId) }));
  // The similarity that a result shows stays that to the query.
  return fuse(compared, query).map((candidate) => ({ ...candidate, similarity: own.get(candidate.chunkId) }));
}
