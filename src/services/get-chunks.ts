import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GetChunksRequest, GetChunksResponseSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import type { ChunkPage, ChunkQuery } from "../documents/get-chunks.ts";
import { limits } from "../domain/limits.ts";
import { decodeKey } from "./decode-key.ts";
import { encodeChunk } from "./encode-document.ts";

export function decodeChunkQuery(request: GetChunksRequest): ChunkQuery {
  return {
    ownerId: request.ownerId,
    selection:
      request.key.case === undefined
        ? { chunkIds: request.chunkIds }
        : { key: decodeKey(request), indexStart: request.chunkIndexStart ?? 0, indexEnd: request.chunkIndexEnd },
    window: request.contextWindow ?? 0,
    parents: request.includeParentContext,
    embeddings: request.includeEmbeddings,
    pageSize: request.pageSize ?? limits.pageSizeDefault,
    pageToken: request.pageToken,
  };
}

export function encodeChunkPage(page: ChunkPage): MessageInitShape<typeof GetChunksResponseSchema> {
  return {
    chunks: page.chunks.map(({ chunk, parent, neighbors }) => ({
      chunk: encodeChunk(chunk.documentId, chunk),
      ...(parent && { parent: encodeChunk(parent.documentId, parent) }),
      neighbors: neighbors.map((neighbor) => encodeChunk(neighbor.documentId, neighbor)),
    })),
    missingChunkIds: [...page.missingChunkIds],
    nextPageToken: page.nextPageToken,
  };
}
