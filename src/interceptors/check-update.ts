import type { UpdateDocumentRequest } from "#gen/llmemory/v1/memory_service_pb.js";
import { checkMetadata } from "../domain/check-metadata.ts";
import { checkPrintable } from "../domain/check-text.ts";
import { changeableFields, type JsonObject } from "../domain/document.ts";
import type { FieldViolation } from "../domain/errors.ts";

/** What the proto cannot say of an update: which fields its mask may name, and that it must change something. */
export function checkUpdate(request: UpdateDocumentRequest): FieldViolation[] {
  return [
    ...checkPrintable("document_name", request.documentName ?? ""),
    ...checkMetadata("metadata", (request.metadata ?? {}) as JsonObject),
    ...checkMask(request),
  ];
}

function checkMask({ updateMask, ...request }: UpdateDocumentRequest): FieldViolation[] {
  const allowed = changeableFields.join(", ");
  const paths = updateMask?.paths ?? [];
  const unknown = paths.filter((path) => !(changeableFields as readonly string[]).includes(path));
  if (unknown.length > 0) {
    const named = unknown.slice(0, 3).map((path) => JSON.stringify(path.slice(0, 50)));
    const description = `names ${named.join(", ")}${unknown.length > 3 ? " and more" : ""}, but only these fields of a document change without its text, each as a whole: ${allowed}`;
    return [{ field: "update_mask", rule: "update_mask.known_paths", description }];
  }
  const { documentName, documentDate, metadata, expiresAt } = request;
  const isGiven = [documentName, documentDate, metadata, expiresAt].some((value) => value !== undefined);
  if (paths.length > 0 || isGiven) return [];
  const description = `is empty, and no field is given; give one of ${allowed}, or name those to clear here`;
  return [{ field: "update_mask", rule: "update_mask.not_empty", description }];
}
