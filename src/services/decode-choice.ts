import type { DeleteDocumentsRequest } from "#gen/llmemory/v1/memory_service_pb.js";
import type { DocumentChoice } from "../storage/delete-documents.ts";
import { decodeFilter } from "./decode-filter.ts";

/** The documents that a request chooses which has passed `findViolations`, among those that have not expired by `now`. */
export function decodeChoice({ filter, documentIds, idsAtOrigin }: DeleteDocumentsRequest, now: Date): DocumentChoice {
  if (filter) return { kind: "filter", filter: { ...decodeFilter(filter), liveAt: now } };
  return { kind: "ids", documentIds, idsAtOrigin, liveAt: now };
}
