import { timestampDate } from "@bufbuild/protobuf/wkt";
import { v7 as uuidV7 } from "uuid";
import {
  type DocumentEmbedding,
  ContextPrefix as ProtoPrefix,
  ChunkingStrategy as ProtoStrategy,
  ChunkSummary as ProtoSummary,
} from "#gen/llmemory/v1/document_pb.js";
import type { AddDocumentRequest } from "#gen/llmemory/v1/memory_service_pb.js";
import type { ChunkingStrategy } from "../domain/chunk.ts";
import type { GivenEmbedding, JsonObject, NewDocument } from "../domain/document.ts";
import type { ChunkSummary, ContextPrefix } from "../domain/enrichment.ts";
import { decodeDocumentType } from "./enums.ts";

const strategies: Readonly<Record<ProtoStrategy, ChunkingStrategy | undefined>> = {
  [ProtoStrategy.UNSPECIFIED]: undefined,
  [ProtoStrategy.HIERARCHICAL]: "hierarchical",
  [ProtoStrategy.FIXED_SIZE]: "fixed_size",
  [ProtoStrategy.SEMANTIC]: "semantic",
  [ProtoStrategy.SLIDING_WINDOW]: "sliding_window",
};

const prefixes: Readonly<Record<ProtoPrefix, ContextPrefix | undefined>> = {
  [ProtoPrefix.UNSPECIFIED]: undefined,
  [ProtoPrefix.NONE]: "none",
  [ProtoPrefix.TEMPLATE]: "template",
  [ProtoPrefix.MODEL]: "model",
};

const summaries: Readonly<Record<ProtoSummary, ChunkSummary | undefined>> = {
  [ProtoSummary.UNSPECIFIED]: undefined,
  [ProtoSummary.NONE]: "none",
  [ProtoSummary.EXTRACTIVE]: "extractive",
  [ProtoSummary.MODEL]: "model",
};

/** The domain's document of a request that has passed `findViolations`. */
export function decodeDocument(request: AddDocumentRequest): NewDocument {
  const { chunking, embedding, enrichment } = request;
  return {
    ownerId: request.ownerId,
    idAtOrigin: request.idAtOrigin === "" ? uuidV7() : request.idAtOrigin,
    documentName: request.documentName,
    documentType: decodeDocumentType(request.documentType),
    content: request.content,
    metadata: (request.metadata ?? {}) as JsonObject,
    documentDate: request.documentDate && timestampDate(request.documentDate),
    expiresAt: request.expiresAt && timestampDate(request.expiresAt),
    language: request.language === "" ? undefined : request.language,
    chunking: {
      strategy: chunking && strategies[chunking.strategy],
      chunkTokens: chunking?.chunkTokens,
      overlapTokens: chunking?.overlapTokens,
    },
    enrichment: enrichment && {
      contextPrefix: prefixes[enrichment.contextPrefix],
      summary: summaries[enrichment.summary],
    },
    embedding: embedding && { modelId: embedding.model, vectors: decodeVectors(embedding) },
  };
}

/** What is packed is copied, since it would keep the whole request in memory. */
function decodeVectors({ vectors, packedVectors }: DocumentEmbedding): GivenEmbedding["vectors"] {
  return packedVectors.length > 0 ? packedVectors.slice() : vectors.map(({ values }) => new Float32Array(values));
}
