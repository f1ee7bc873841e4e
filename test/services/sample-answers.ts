import type { SearchAnswer, SearchHit } from "../../src/search/search-query.ts";

/** A hit with the least that a hit has. */
export function hit(given: Partial<SearchHit> = {}): SearchHit {
  return {
    chunkId: "0190a0e0-0000-7000-8000-00000000000c",
    documentId: "0190a0e0-0000-7000-8000-00000000000d",
    idAtOrigin: "notes/1",
    documentName: "",
    documentType: "unknown",
    documentDate: undefined,
    documentMetadata: {},
    chunkMetadata: {},
    content: "Ada likes tea.",
    summary: undefined,
    chunkIndex: 0,
    charStart: 0,
    charEnd: 14,
    documentCreatedAt: new Date("2026-01-01T00:00:00Z"),
    parentChunkId: undefined,
    score: 0,
    similarity: undefined,
    textRank: undefined,
    vectorPosition: undefined,
    textPosition: undefined,
    rrfScore: undefined,
    rerankScore: undefined,
    context: [],
    ...given,
  };
}

/** An answer with the least that an answer has. */
export function answer(given: Partial<SearchAnswer> = {}): SearchAnswer {
  return {
    searchId: "0190a0e0-0000-7000-8000-00000000000a",
    hits: [],
    receipt: {
      plan: "exact",
      modelId: undefined,
      candidatesVector: 0,
      candidatesText: 0,
      ownerChunks: 0,
      truncated: false,
      shortfallReason: undefined,
      degraded: [],
      cacheHit: false,
      queryVariants: [],
      stageTimes: [],
    },
    routing: undefined,
    ...given,
  };
}

/** A hit that takes a little more than so many bytes in a reply. */
export function largeHit(bytes: number): SearchHit {
  return hit({ content: "x".repeat(bytes) });
}
