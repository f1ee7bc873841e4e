import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  Degradation,
  Plan,
  Fusion as ProtoFusion,
  SearchType as ProtoSearchType,
  type ReceiptSchema,
  type SearchRequest,
  type SearchResult,
  SearchResultSchema,
  type SearchService,
  ShortfallReason,
} from "#gen/llmemory/v1/search_service_pb.js";
import { limits } from "../domain/limits.ts";
import { requestContextOf } from "../interceptors/request-context.ts";
import { alphaDefaults, type SearchType } from "../search/fuse.ts";
import { type Receipt, type SearchDeps, type SearchHit, type SearchQuery, search } from "../search/search.ts";
import { decodeFilter } from "./decode-filter.ts";
import { encodeDuration } from "./encode-duration.ts";
import { encodeDocumentType } from "./enums.ts";

const searchTypes: Readonly<Record<ProtoSearchType, SearchType>> = {
  [ProtoSearchType.UNSPECIFIED]: "hybrid",
  [ProtoSearchType.HYBRID]: "hybrid",
  [ProtoSearchType.VECTOR]: "vector",
  [ProtoSearchType.TEXT]: "text",
};

const plans: Readonly<Record<Receipt["plan"], Plan>> = { exact: Plan.EXACT, text_only: Plan.TEXT_ONLY };

const degradations: Readonly<Record<Receipt["degraded"][number], Degradation>> = {
  embedder_unavailable: Degradation.EMBEDDER_UNAVAILABLE,
  embeddings_pending: Degradation.EMBEDDINGS_PENDING,
};

export function createSearchService(deps: SearchDeps): ServiceImpl<typeof SearchService> {
  return {
    async search(request, context) {
      const answer = await search(deps, decodeQuery(request), requestContextOf(context.values).signal);
      const results = fitting(answer.hits.map(encodeHit));
      return { searchId: answer.searchId, results, receipt: encodeReceipt(answer.receipt, results.length < answer.hits.length) };
    },
  };
}

function decodeQuery(request: SearchRequest): SearchQuery {
  const fusion = request.fusion === ProtoFusion.RRF ? "rrf" : "relative_score";
  return {
    ownerId: request.ownerId,
    queryText: request.queryText,
    searchType: searchTypes[request.searchType],
    limit: request.limit ?? limits.searchLimitDefault,
    alpha: request.alpha ?? alphaDefaults[fusion],
    fusion,
    filter: decodeFilter(request.filter),
  };
}

function encodeHit(hit: SearchHit): SearchResult {
  return create(SearchResultSchema, {
    chunkId: hit.chunkId,
    documentId: hit.documentId,
    idAtOrigin: hit.idAtOrigin,
    documentName: hit.documentName,
    documentType: encodeDocumentType(hit.documentType),
    documentMetadata: hit.documentMetadata,
    ...(hit.documentDate && { documentDate: timestampFromDate(hit.documentDate) }),
    chunkMetadata: hit.chunkMetadata,
    content: hit.content,
    chunkIndex: hit.chunkIndex,
    charStart: hit.charStart,
    charEnd: hit.charEnd,
    score: hit.score,
    ...(hit.similarity !== undefined && { similarity: hit.similarity }),
    ...(hit.textRank !== undefined && { textRank: hit.textRank }),
    ...(hit.vectorPosition !== undefined && { vectorPosition: hit.vectorPosition }),
    ...(hit.textPosition !== undefined && { textPosition: hit.textPosition }),
    ...(hit.rrfScore !== undefined && { rrfScore: hit.rrfScore }),
  });
}

/** As many of the best results as fit into one reply: a hundred with 64 KiB of metadata each do not. */
function fitting(results: readonly SearchResult[]): SearchResult[] {
  let bytes = 4_096;
  const count = results.findIndex((result) => {
    bytes += toBinary(SearchResultSchema, result).length + 8;
    return bytes > limits.replyBytesMax;
  });
  return results.slice(0, count < 0 ? results.length : count);
}

function encodeReceipt(receipt: Receipt, isCut: boolean): MessageInitShape<typeof ReceiptSchema> {
  const shortfall = receipt.shortfallReason ? ShortfallReason.FEWER_MATCH : ShortfallReason.UNSPECIFIED;
  return {
    plan: plans[receipt.plan],
    model: receipt.modelId ?? "",
    candidatesVector: BigInt(receipt.candidatesVector),
    candidatesText: BigInt(receipt.candidatesText),
    ownerChunks: BigInt(receipt.ownerChunks),
    truncated: receipt.truncated,
    shortfallReason: isCut ? ShortfallReason.REPLY_SIZE : shortfall,
    degraded: receipt.degraded.map((degradation) => degradations[degradation]),
    stageTimes: receipt.stageTimes.map(({ stage, durationMs }) => ({ stage, duration: encodeDuration(durationMs) })),
  };
}
