import { toJson } from "@bufbuild/protobuf";
import { timestampDate, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { Filter, MetadataExpression as ProtoExpression } from "#gen/llmemory/v1/document_pb.js";
import type { DocumentFilter, MetadataExpression } from "../domain/filter.ts";
import { parseMetadataPath } from "../domain/metadata-path.ts";
import { decodeDocumentType } from "./enums.ts";

/** The domain's filter of a message that has passed `findViolations`; none chooses everything. */
export function decodeFilter(filter: Filter | undefined): DocumentFilter {
  if (!filter) return {};
  return {
    idsAtOrigin: filter.idsAtOrigin,
    documentIds: filter.documentIds,
    documentTypes: filter.documentTypes.map(decodeDocumentType),
    dateFrom: filter.dateFrom && timestampDate(filter.dateFrom),
    dateTo: filter.dateTo && timestampDate(filter.dateTo),
    metadata: filter.metadata && decodeExpression(filter.metadata),
  };
}

function decodeExpression({ expression }: ProtoExpression): MetadataExpression {
  if (expression.case === "condition") {
    const { path, value } = expression.value;
    return { kind: "equal", path: parseMetadataPath(path) ?? [], value: value ? toJson(ValueSchema, value) : null };
  }
  return { kind: "all", expressions: (expression.value?.expressions ?? []).map(decodeExpression) };
}
