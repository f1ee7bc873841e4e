import { type DescMessage, isMessage, type Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator } from "@bufbuild/protovalidate";
import type { Filter, MetadataExpression } from "#gen/llmemory/v1/document_pb.js";
import {
  AddDocumentRequestSchema,
  IngestDocumentsRequestSchema,
  ListDocumentsRequestSchema,
} from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchRequestSchema } from "#gen/llmemory/v1/search_service_pb.js";
import { checkMetadata } from "../domain/check-metadata.ts";
import { checkPrintable, checkText } from "../domain/check-text.ts";
import { cutText } from "../domain/cut-text.ts";
import type { JsonObject } from "../domain/document.ts";
import type { FieldViolation } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { parseMetadataPath } from "../domain/metadata-path.ts";
import { textsOf } from "./message-texts.ts";

const validator = createValidator();

/**
 * All that is wrong with a message: the rules that its proto declares, and those that a proto cannot say, which are about text
 * that cannot be stored and about the shape of metadata and filters. Bounded, so that it fits into the headers of a reply.
 */
export function findViolations(schema: DescMessage, message: Message): FieldViolation[] {
  const result = validator.validate(schema, message);
  if (result.kind === "error") throw result.error;
  const declared = (result.violations ?? []).map((violation) => ({
    field: pathToString(violation.field),
    description: violation.message,
    rule: violation.ruleId,
  }));
  const texts = [...textsOf(schema, message)].flatMap(({ path, text }) => checkText(path, text));
  return bounded([...declared, ...texts, ...findShapeViolations(message)]);
}

/** A request can be wrong in more places than an error can name: as many as fit, and how many more there are. */
function bounded(violations: readonly FieldViolation[]): FieldViolation[] {
  const named: FieldViolation[] = [];
  let bytes = 0;
  for (const violation of violations) {
    const field = cutText(violation.field, limits.errorFieldBytesMax);
    bytes += Buffer.byteLength(field) + Buffer.byteLength(violation.description) + violation.rule.length;
    if (bytes > limits.errorViolationsBytesMax) {
      const description = `and ${violations.length - named.length} more violations`;
      return [...named, { field: "", rule: "violations.max", description }];
    }
    named.push({ ...violation, field });
  }
  return named;
}

function findShapeViolations(message: Message): FieldViolation[] {
  if (isMessage(message, AddDocumentRequestSchema)) {
    return [
      ...checkPrintable("id_at_origin", message.idAtOrigin),
      ...checkPrintable("document_name", message.documentName),
      ...checkMetadata("metadata", (message.metadata ?? {}) as JsonObject),
    ];
  }
  if (isMessage(message, IngestDocumentsRequestSchema)) {
    const { message: part } = message;
    return part.case === "open" ? checkPrintable("open.stream_id", part.value.streamId) : [];
  }
  if (isMessage(message, ListDocumentsRequestSchema)) return checkFilter(message.filter);
  if (isMessage(message, SearchRequestSchema)) {
    const blank = message.queryText !== "" && message.queryText.trim() === "";
    const description = "has nothing but white space; ask in words";
    return [
      ...(blank ? [{ field: "query_text", rule: "query_text.not_blank", description }] : []),
      ...checkFilter(message.filter),
    ];
  }
  return [];
}

function checkFilter(filter: Filter | undefined): FieldViolation[] {
  if (!filter?.metadata) return [];
  const violations: FieldViolation[] = [];
  const shape = checkExpression("filter.metadata", filter.metadata, violations);
  const field = "filter.metadata";
  if (shape.depth > limits.metadataExpressionDepthMax) {
    const description = `is ${shape.depth} levels deep; at most ${limits.metadataExpressionDepthMax} are allowed`;
    violations.push({ field, rule: "metadata_expression.depth", description });
  }
  if (shape.conditions > limits.metadataExpressionConditionsMax) {
    const description = `has ${shape.conditions} conditions; at most ${limits.metadataExpressionConditionsMax} are allowed`;
    violations.push({ field, rule: "metadata_expression.conditions", description });
  }
  return violations;
}

function checkExpression(
  field: string,
  { expression }: MetadataExpression,
  violations: FieldViolation[],
): { depth: number; conditions: number } {
  if (expression.case === "condition") {
    if (expression.value.path !== "" && parseMetadataPath(expression.value.path) === undefined) {
      const description =
        "is not names joined by dots; no name may be empty, and a backslash stands only before a dot or a backslash";
      violations.push({ field: `${field}.condition.path`, rule: "metadata_path.valid", description });
    }
    return { depth: 1, conditions: 1 };
  }
  let depth = 0;
  let conditions = 0;
  expression.value?.expressions.forEach((child, index) => {
    const shape = checkExpression(`${field}.all.expressions[${index}]`, child, violations);
    depth = Math.max(depth, shape.depth);
    conditions += shape.conditions;
  });
  return { depth: depth + 1, conditions };
}
