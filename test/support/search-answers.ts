import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import type { Receipt, SearchAnswer, SearchHit, SearchQuery } from "../../src/search/search-query.ts";
import { newOwner } from "./test-storage.ts";

/** A search as a client asks for it; what a test does not say is the default. */
export function newQuery(given: Partial<SearchQuery> = {}): SearchQuery {
  return {
    ownerId: newOwner(),
    queryText: "the river and the mill",
    searchType: "hybrid",
    limit: 10,
    alpha: 0.7,
    fusion: "relative_score",
    filter: {},
    language: undefined,
    textWindow: 2,
    speakerBoost: 0.15,
    relevanceFeedback: 0,
    minScore: undefined,
    includeParentContext: false,
    contextWindow: 0,
    mmrLambda: undefined,
    recency: undefined,
    queryExpansion: "none",
    maxQueryVariants: 3,
    rerank: "none",
    rerankTopK: 50,
    routing: undefined,
    ...given,
  };
}

/** An answer without a search: a hit for each chunk id, best first. */
export function newAnswer(
  given: { readonly chunkIds?: readonly string[]; readonly content?: string; readonly receipt?: Partial<Receipt> } = {},
): SearchAnswer {
  const { chunkIds = [randomUUID()], content = "Corn is ground in the mill.", receipt } = given;
  return {
    searchId: uuidV7(),
    hits: chunkIds.map((chunkId, index) => newHit({ chunkId, content, score: 1 / (index + 1) })),
    routing: undefined,
    receipt: {
      plan: "exact",
      modelId: "hashing/64",
      candidatesVector: chunkIds.length,
      candidatesText: 0,
      ownerChunks: chunkIds.length,
      truncated: false,
      shortfallReason: undefined,
      degraded: [],
      cacheHit: false,
      queryVariants: ["the river and the mill"],
      stageTimes: [{ stage: "candidates", durationMs: 3 }],
      ...receipt,
    },
  };
}

function newHit(given: Pick<SearchHit, "chunkId" | "content" | "score">): SearchHit {
  return {
    documentId: randomUUID(),
    idAtOrigin: "notes/mill",
    documentName: "the mill",
    documentType: "text",
    documentDate: new Date("2026-01-01"),
    documentMetadata: { place: { river: ["left", "right"] } },
    chunkMetadata: {},
    summary: undefined,
    chunkIndex: 0,
    charStart: 0,
    charEnd: given.content.length,
    similarity: 0.5,
    textRank: undefined,
    vectorPosition: 1,
    textPosition: undefined,
    rrfScore: undefined,
    rerankScore: undefined,
    context: [],
    documentCreatedAt: new Date("2026-02-01"),
    parentChunkId: undefined,
    ...given,
  };
}
