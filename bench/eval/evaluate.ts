import type { SearchRequest } from "#gen/llmemory/v1/search_service_pb.js";
import { callTimeoutMs, type ServiceConnection } from "../../src/cli/client/service-connection.ts";
import { type AnsweredQuery, askQueries } from "./ask-queries.ts";
import type { JudgedCollection } from "./judged-collection.ts";
import { ownerOf, storeCollection } from "./store-collection.ts";

/** One way to search. */
export interface SearchVariant {
  /** `hybrid`, `vector` or `text`. */
  readonly name: string;
  /** What is asked beyond owner, text and limit. */
  readonly template: SearchRequest;
}

/** What came back for all queries, one way of searching. */
export interface EvaluatedVariant {
  readonly name: string;
  readonly answers: readonly AnsweredQuery[];
}

export interface Evaluation {
  readonly documentCount: number;
  readonly chunkCount: number;
  /** Chunks that the service had embedded before. */
  readonly embeddedBeforeCount: number;
  /** Until everything was stored and embedded. */
  readonly storedMs: number;
  readonly searchedMs: number;
  readonly variants: readonly EvaluatedVariant[];
}

/** Stores the collections, then asks all their queries in each variant. */
export async function evaluate(
  service: ServiceConnection,
  { collections, variants }: { readonly collections: readonly JudgedCollection[]; readonly variants: readonly SearchVariant[] },
  onProgress: (step: string) => void,
  signal: AbortSignal,
): Promise<Evaluation> {
  const before = await countChunks(service, collections, signal);
  const began = performance.now();
  for (const collection of collections) {
    onProgress(`storing ${collection.name}: ${collection.documents.length} documents`);
    await storeCollection(service, collection, signal);
  }
  const stored = performance.now();
  const { chunkCount } = await countChunks(service, collections, signal);
  const evaluated: EvaluatedVariant[] = [];
  for (const { name, template } of variants) {
    const answers: AnsweredQuery[] = [];
    for (const collection of collections) {
      onProgress(`asking ${collection.name}, ${name}: ${collection.queries.length} questions`);
      answers.push(...(await askQueries(service, collection, template, signal)));
    }
    evaluated.push({ name, answers });
  }
  return {
    documentCount: collections.reduce((sum, { documents }) => sum + documents.length, 0),
    chunkCount,
    embeddedBeforeCount: before.embeddedCount,
    storedMs: stored - began,
    searchedMs: performance.now() - stored,
    variants: evaluated,
  };
}

async function countChunks(service: ServiceConnection, collections: readonly JudgedCollection[], signal: AbortSignal) {
  let chunkCount = 0;
  let embeddedCount = 0;
  for (const collection of collections) {
    const request = { ownerId: ownerOf(collection) };
    const statistics = await service.admin.getOwnerStatistics(request, { signal, timeoutMs: callTimeoutMs });
    chunkCount += Number(statistics.chunkCount);
    embeddedCount += Number(statistics.embeddedChunkCount);
  }
  return { chunkCount, embeddedCount };
}
