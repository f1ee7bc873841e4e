import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { UpdateDocumentRequest } from "#gen/llmemory/v1/memory_service_pb.js";
import type { DocumentUpdate } from "../documents/update-document.ts";
import type { DocumentChanges, JsonObject } from "../domain/document.ts";
import { decodeKey } from "./decode-key.ts";

/** The update that a request asks for which has passed `findViolations`: a field that its mask names and it does not give is taken away. */
export function decodeUpdate(request: UpdateDocumentRequest): DocumentUpdate {
  const paths = request.updateMask?.paths ?? [];
  const isChanged = (path: string, value: unknown) => (paths.length > 0 ? paths.includes(path) : value !== undefined);
  const { documentName, documentDate, metadata, expiresAt } = request;
  const changes: DocumentChanges = {
    ...(isChanged("document_name", documentName) && { documentName: documentName ?? "" }),
    ...(isChanged("document_date", documentDate) && { documentDate: documentDate && timestampDate(documentDate) }),
    ...(isChanged("metadata", metadata) && { metadata: (metadata ?? {}) as JsonObject }),
    ...(isChanged("expires_at", expiresAt) && { expiresAt: expiresAt && timestampDate(expiresAt) }),
  };
  return { key: decodeKey(request), changes, expectedVersion: request.expectedVersion };
}
