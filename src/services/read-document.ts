import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ReadDocumentRequest, ReadDocumentResponseSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import type { DocumentDeps } from "../documents/add-documents.ts";
import { readDocument } from "../documents/read-document.ts";
import { decodeKey } from "./decode-key.ts";
import { encodeDocument } from "./encode-document.ts";

/** A document's text piece by piece, each read when the connection has taken the one before. */
export async function* streamDocument(
  deps: Pick<DocumentDeps, "database" | "clock">,
  request: ReadDocumentRequest,
  signal: AbortSignal,
): AsyncGenerator<MessageInitShape<typeof ReadDocumentResponseSchema>> {
  const range = { charStart: request.charStart ?? 0, charEnd: request.charEnd };
  let isFirst = true;
  for await (const { document, charStart, content } of readDocument(deps, decodeKey(request), range, signal)) {
    yield { ...(isFirst && { document: encodeDocument(document) }), charStart, content };
    isFirst = false;
  }
}
