import { v7 as uuidV7 } from "uuid";
import { DependencyUnavailableError, LimitExceededError } from "../domain/errors.ts";
import type { DocumentFilter } from "../domain/filter.ts";
import { limits } from "../domain/limits.ts";
import type { EmbeddingProvider } from "../embedding/embedding-provider.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { findCandidates } from "../storage/find-candidates.ts";
import { type Hit, loadHits } from "../storage/load-hits.ts";
import { type Fusion, fuse, type ScoredCandidate, type SearchType } from "./fuse.ts";

export interface SearchDeps {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly provider: EmbeddingProvider;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface SearchQuery {
  readonly ownerId: string;
  readonly queryText: string;
  readonly searchType: SearchType;
  readonly limit: number;
  /** Weight of the vector side, 0…1. */
  readonly alpha: number;
  readonly fusion: Fusion;
  readonly filter: DocumentFilter;
}

export type SearchHit = Hit & ScoredCandidate;

/** How an answer came about and how complete it is. */
export interface Receipt {
  readonly plan: "exact" | "text_only";
  readonly modelId: string | undefined;
  readonly candidatesVector: number;
  readonly candidatesText: number;
  readonly ownerChunks: number;
  readonly truncated: boolean;
  readonly shortfallReason: "fewer_match" | undefined;
  readonly degraded: readonly ("embedder_unavailable" | "embeddings_pending")[];
  readonly stageTimes: readonly { readonly stage: string; readonly durationMs: number }[];
}

export interface SearchAnswer {
  readonly searchId: string;
  readonly hits: readonly SearchHit[];
  readonly receipt: Receipt;
}

/**
 * Finds the chunks of an owner that answer a query, best first. A hybrid search whose query cannot be embedded looks at words
 * alone and says so.
 *
 * @throws DependencyUnavailableError if a vector search's query cannot be embedded, or the database is down.
 */
export async function search(deps: SearchDeps, query: SearchQuery, signal: AbortSignal): Promise<SearchAnswer> {
  const labels = { owner_id: deps.metrics.owners.label(query.ownerId), search_type: query.searchType };
  const started = performance.now();
  deps.metrics.searchRequests.inc(labels);
  try {
    const answer = await findAnswer(deps, query, signal);
    deps.metrics.searchResultsCount.observe(labels, answer.hits.length);
    return answer;
  } finally {
    deps.metrics.searchDurationSeconds.observe(labels, (performance.now() - started) / 1_000);
  }
}

async function findAnswer(deps: SearchDeps, query: SearchQuery, signal: AbortSignal): Promise<SearchAnswer> {
  const stages = new Stages();
  const queryText = query.queryText.normalize("NFKC");
  const queryVector =
    query.searchType === "text" ? undefined : await stages.time("embed", () => embedQuery(deps, query, queryText, signal));
  const looksAtWords = query.searchType !== "vector";

  // Both statements read one snapshot, so that no candidate is gone when it is loaded.
  const { found, ranked, hits } = await deps.database.transaction(
    async (transaction) => {
      const found = await stages.time("candidates", () =>
        findCandidates(transaction, deps.table, {
          ownerId: query.ownerId,
          filter: query.filter,
          queryText: looksAtWords ? queryText : undefined,
          queryVector,
          count: limits.searchCandidates,
        }),
      );
      const ranked = await stages.time("fuse", async () => fuse(found.candidates, query).slice(0, query.limit));
      const ids = ranked.map((candidate) => candidate.chunkId);
      const hits =
        ids.length === 0 ? new Map<string, Hit>() : await stages.time("load", () => loadHits(transaction, query.ownerId, ids));
      return { found, ranked, hits };
    },
    { signal, snapshot: true },
  );

  const degraded: Receipt["degraded"][number][] = [];
  if (query.searchType !== "text" && !queryVector) degraded.push("embedder_unavailable");
  if (queryVector && found.ownerEmbeddedCount < found.ownerChunkCount) degraded.push("embeddings_pending");
  const answer = ranked.flatMap((candidate) => {
    const hit = hits.get(candidate.chunkId);
    return hit ? [{ ...hit, ...candidate }] : [];
  });
  return {
    searchId: uuidV7(),
    hits: answer,
    receipt: {
      plan: queryVector ? "exact" : "text_only",
      modelId: queryVector ? deps.table.modelId : undefined,
      candidatesVector: found.vectorCount,
      candidatesText: found.textCount,
      ownerChunks: found.ownerChunkCount,
      truncated: found.truncated,
      shortfallReason: answer.length < query.limit ? "fewer_match" : undefined,
      degraded,
      stageTimes: stages.times,
    },
  };
}

/** The query's vector, or undefined if the embedder fails and words will do. */
async function embedQuery(
  deps: SearchDeps,
  query: SearchQuery,
  queryText: string,
  signal: AbortSignal,
): Promise<Float32Array | undefined> {
  try {
    const [vector] = await deps.provider.embed([queryText], "query", signal);
    return vector;
  } catch (error) {
    const isUnavailable = error instanceof DependencyUnavailableError || error instanceof LimitExceededError;
    if (!isUnavailable || query.searchType === "vector") throw error;
    deps.logger.warn({ err: error }, "the query could not be embedded; the search looks at words alone");
    return undefined;
  }
}

class Stages {
  readonly times: { stage: string; durationMs: number }[] = [];

  async time<T>(stage: string, run: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await run();
    } finally {
      this.times.push({ stage, durationMs: performance.now() - started });
    }
  }
}
