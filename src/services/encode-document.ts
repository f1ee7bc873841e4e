import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Chunk, ChunkSchema, type Document, DocumentSchema } from "#gen/llmemory/v1/document_pb.js";
import {
  type AddDocumentResponse,
  AddDocumentResponseSchema,
  Outcome,
  EnrichmentDegradation as ProtoDegradation,
} from "#gen/llmemory/v1/memory_service_pb.js";
import type { AddDocumentResult } from "../documents/add-document.ts";
import type { FoundDocument } from "../documents/get-document.ts";
import type { StoredDocument } from "../domain/document.ts";
import type { EnrichmentDegradation } from "../domain/enrichment.ts";
import type { StoreResult } from "../storage/store-documents.ts";
import { encodeDuration } from "./encode-duration.ts";
import { encodeDocumentType } from "./enums.ts";

const outcomes: Readonly<Record<StoreResult["outcome"], Outcome>> = {
  created: Outcome.CREATED,
  updated: Outcome.UPDATED,
  unchanged: Outcome.UNCHANGED,
};

const degradations: Readonly<Record<EnrichmentDegradation, ProtoDegradation>> = {
  context_prefix_template: ProtoDegradation.CONTEXT_PREFIX_TEMPLATE,
  summary_extractive: ProtoDegradation.SUMMARY_EXTRACTIVE,
};

export function encodeDocument(document: StoredDocument): Document {
  return create(DocumentSchema, {
    ownerId: document.ownerId,
    documentId: document.documentId,
    idAtOrigin: document.idAtOrigin,
    documentName: document.documentName,
    documentType: encodeDocumentType(document.documentType),
    ...(document.documentDate && { documentDate: timestampFromDate(document.documentDate) }),
    metadata: document.metadata,
    language: document.language,
    chunkCount: document.chunkCount,
    sizeBytes: BigInt(document.sizeBytes),
    version: document.version,
    createdAt: timestampFromDate(document.createdAt),
    updatedAt: timestampFromDate(document.updatedAt),
    ...(document.expiresAt && { expiresAt: timestampFromDate(document.expiresAt) }),
  });
}

export function encodeChunk(documentId: string, chunk: FoundDocument["chunks"][number]): Chunk {
  return create(ChunkSchema, {
    chunkId: chunk.chunkId,
    documentId,
    parentChunkId: chunk.parentChunkId ?? "",
    chunkIndex: chunk.index,
    chunkLevel: chunk.level,
    content: chunk.content,
    tokenCount: chunk.tokenCount,
    charStart: chunk.charStart,
    charEnd: chunk.charEnd,
    metadata: chunk.metadata,
    embedding: chunk.embedding ?? [],
    contextPrefix: chunk.contextPrefix ?? "",
    summary: chunk.summary ?? "",
  });
}

export function encodeAddResult(result: AddDocumentResult, elapsedMs: number): AddDocumentResponse {
  return create(AddDocumentResponseSchema, {
    document: encodeDocument(result.document),
    outcome: outcomes[result.outcome],
    chunksCreated: result.chunksCreated,
    chunksKept: result.chunksKept,
    chunksRemoved: result.chunksRemoved,
    embeddingsPending: result.embeddingsPending,
    processingTime: encodeDuration(elapsedMs),
    degraded: result.degraded?.map((degradation) => degradations[degradation]) ?? [],
  });
}
