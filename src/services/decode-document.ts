import { timestampDate } from "@bufbuild/protobuf/wkt";
import { v7 as uuidV7 } from "uuid";
import { ChunkingStrategy as ProtoStrategy } from "#gen/llmemory/v1/document_pb.js";
import type { AddDocumentRequest } from "#gen/llmemory/v1/memory_service_pb.js";
import type { ChunkingStrategy } from "../domain/chunk.ts";
import type { JsonObject, NewDocument } from "../domain/document.ts";
import { decodeDocumentType } from "./enums.ts";

const strategies: Readonly<Record<ProtoStrategy, ChunkingStrategy | undefined>> = {
  [ProtoStrategy.UNSPECIFIED]: undefined,
  [ProtoStrategy.HIERARCHICAL]: "hierarchical",
  [ProtoStrategy.FIXED_SIZE]: "fixed_size",
  [ProtoStrategy.SEMANTIC]: "semantic",
  [ProtoStrategy.SLIDING_WINDOW]: "sliding_window",
};

/** The domain's document of a request that has passed `findViolations`. */
export function decodeDocument(request: AddDocumentRequest): NewDocument {
  const { chunking } = request;
  return {
    ownerId: request.ownerId,
    idAtOrigin: request.idAtOrigin === "" ? uuidV7() : request.idAtOrigin,
    documentName: request.documentName,
    documentType: decodeDocumentType(request.documentType),
    content: request.content,
    metadata: (request.metadata ?? {}) as JsonObject,
    documentDate: request.documentDate && timestampDate(request.documentDate),
    language: request.language === "" ? undefined : request.language,
    chunking: {
      strategy: chunking && strategies[chunking.strategy],
      chunkTokens: chunking?.chunkTokens,
      overlapTokens: chunking?.overlapTokens,
    },
  };
}
