import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ContextRelation,
  Degradation,
  Plan,
  type Degradation as ProtoDegradation,
  Route as ProtoRoute,
  type ReceiptSchema,
  type RoutingDecisionSchema,
  type SearchResponse,
  SearchResponseSchema,
  type SearchResult,
  SearchResultSchema,
  ShortfallReason,
} from "#gen/llmemory/v1/search_service_pb.js";
import { limits } from "../domain/limits.ts";
import type { Receipt, Route, RoutingDecision, SearchAnswer, SearchHit } from "../search/search-query.ts";
import { encodeDuration } from "./encode-duration.ts";
import { encodeDocumentType } from "./enums.ts";

const plans: Readonly<Record<Receipt["plan"], Plan>> = {
  exact: Plan.EXACT,
  approximate: Plan.APPROXIMATE,
  text_only: Plan.TEXT_ONLY,
};

const shortfallReasons: Readonly<Record<NonNullable<Receipt["shortfallReason"]>, ShortfallReason>> = {
  fewer_match: ShortfallReason.FEWER_MATCH,
  min_score: ShortfallReason.MIN_SCORE,
  deadline: ShortfallReason.DEADLINE,
};

const degradations: Readonly<Record<Receipt["degraded"][number], ProtoDegradation>> = {
  embedder_unavailable: Degradation.EMBEDDER_UNAVAILABLE,
  embeddings_pending: Degradation.EMBEDDINGS_PENDING,
  expansion_unavailable: Degradation.EXPANSION_UNAVAILABLE,
  reranker_unavailable: Degradation.RERANKER_UNAVAILABLE,
  routing_unavailable: Degradation.ROUTING_UNAVAILABLE,
};

const relations: Readonly<Record<SearchHit["context"][number]["relation"], ContextRelation>> = {
  parent: ContextRelation.PARENT,
  neighbor: ContextRelation.NEIGHBOR,
};

const routes: Readonly<Record<Route, ProtoRoute>> = {
  retrieval: ProtoRoute.RETRIEVAL,
  web_search: ProtoRoute.WEB_SEARCH,
  clarification: ProtoRoute.CLARIFICATION,
  unanswerable: ProtoRoute.UNANSWERABLE,
};

/**
 * The reply to a search, with as many of its best hits as fit: a hundred with 64 KiB of metadata each do not. The receipt says
 * whether some were left out.
 *
 * @param bytesMax of the encoded reply; what comes beside the hits is sent all the same.
 */
export function encodeAnswer(answer: SearchAnswer, bytesMax: number = limits.replyBytesMax): SearchResponse {
  const response = create(SearchResponseSchema, {
    searchId: answer.searchId,
    receipt: encodeReceipt(answer.receipt),
    ...(answer.routing && { routing: encodeRouting(answer.routing) }),
  });
  // A reason that is set below takes two bytes, and the receipt's length may take one more.
  let bytes = toBinary(SearchResponseSchema, response).length + 4;
  for (const hit of answer.hits) {
    const result = encodeHit(hit);
    // With the field's tag and the length of the message.
    bytes += toBinary(SearchResultSchema, result).length + 5;
    if (bytes > bytesMax) {
      if (response.receipt) response.receipt.shortfallReason = ShortfallReason.REPLY_SIZE;
      break;
    }
    response.results.push(result);
  }
  return response;
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
    summary: hit.summary ?? "",
    chunkIndex: hit.chunkIndex,
    charStart: hit.charStart,
    charEnd: hit.charEnd,
    score: hit.score,
    ...(hit.similarity !== undefined && { similarity: hit.similarity }),
    ...(hit.textRank !== undefined && { textRank: hit.textRank }),
    ...(hit.vectorPosition !== undefined && { vectorPosition: hit.vectorPosition }),
    ...(hit.textPosition !== undefined && { textPosition: hit.textPosition }),
    ...(hit.rrfScore !== undefined && { rrfScore: hit.rrfScore }),
    ...(hit.rerankScore !== undefined && { rerankScore: hit.rerankScore }),
    context: hit.context.map((chunk) => ({
      relation: relations[chunk.relation],
      chunkId: chunk.chunkId,
      chunkIndex: chunk.chunkIndex,
      content: chunk.content,
      charStart: chunk.charStart,
      charEnd: chunk.charEnd,
    })),
  });
}

function encodeReceipt(receipt: Receipt): MessageInitShape<typeof ReceiptSchema> {
  const { shortfallReason } = receipt;
  return {
    plan: plans[receipt.plan],
    model: receipt.modelId ?? "",
    candidatesVector: BigInt(receipt.candidatesVector),
    candidatesText: BigInt(receipt.candidatesText),
    ownerChunks: BigInt(receipt.ownerChunks),
    truncated: receipt.truncated,
    shortfallReason: shortfallReason ? shortfallReasons[shortfallReason] : ShortfallReason.UNSPECIFIED,
    degraded: receipt.degraded.map((degradation) => degradations[degradation]),
    stageTimes: receipt.stageTimes.map(({ stage, durationMs }) => ({ stage, duration: encodeDuration(durationMs) })),
    cacheHit: receipt.cacheHit,
    queryVariants: [...receipt.queryVariants],
  };
}

function encodeRouting({ route, confidence, reason }: RoutingDecision): MessageInitShape<typeof RoutingDecisionSchema> {
  return { route: routes[route], confidence, reason };
}
