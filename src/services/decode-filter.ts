import { toJson } from "@bufbuild/protobuf";
import { timestampDate, ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  type Filter,
  type MetadataCondition as ProtoCondition,
  type MetadataExpression as ProtoExpression,
  Operator as ProtoOperator,
} from "#gen/llmemory/v1/document_pb.js";
import type { JsonValue } from "../domain/document.ts";
import type { DocumentFilter, MetadataCondition, MetadataExpression, RangeBounds } from "../domain/filter.ts";
import { parseMetadataPath } from "../domain/metadata-path.ts";
import { decodeDocumentType } from "./enums.ts";

/** The domain's filter of a message that has passed `findViolations`; none chooses everything. */
export function decodeFilter(filter: Filter | undefined): DocumentFilter {
  if (!filter) return {};
  return {
    idsAtOrigin: filter.idsAtOrigin,
    documentIds: filter.documentIds,
    documentTypes: filter.documentTypes.map(decodeDocumentType),
    languages: filter.languages,
    dateFrom: filter.dateFrom && timestampDate(filter.dateFrom),
    dateTo: filter.dateTo && timestampDate(filter.dateTo),
    metadata: filter.metadata && decodeExpression(filter.metadata),
  };
}

function decodeExpression({ expression }: ProtoExpression): MetadataExpression {
  switch (expression.case) {
    case "condition":
      return decodeCondition(expression.value);
    case "not":
      return { kind: "not", expression: decodeExpression(expression.value) };
    case "all":
    case "any":
      return { kind: expression.case, expressions: expression.value.expressions.map(decodeExpression) };
    case undefined:
      return { kind: "all", expressions: [] };
  }
}

function decodeCondition(condition: ProtoCondition): MetadataCondition {
  const path = parseMetadataPath(condition.path) ?? [];
  const value: JsonValue = condition.value ? toJson(ValueSchema, condition.value) : null;
  switch (condition.operator) {
    case ProtoOperator.UNSPECIFIED:
    case ProtoOperator.EQ:
      return { kind: "equal", path, value };
    case ProtoOperator.NE:
      return { kind: "not_equal", path, value };
    case ProtoOperator.IN:
      return { kind: "in", path, values: listOf(value) };
    case ProtoOperator.RANGE:
      return { kind: "range", path, bounds: value as RangeBounds };
    case ProtoOperator.EXISTS:
      return { kind: "exists", path, exists: value !== false };
    case ProtoOperator.CONTAINS:
      return { kind: "contains", path, values: listOf(value) };
  }
}

function listOf(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? value : [value];
}
