import { type DescMessage, isMessage, type Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator } from "@bufbuild/protovalidate";
import { ExplainSearchRequestSchema } from "#gen/llmemory/v1/admin_service_pb.js";
import {
  AddDocumentRequestSchema,
  DeleteDocumentsRequestSchema,
  IngestDocumentsRequestSchema,
  ListDocumentsRequestSchema,
  UpdateDocumentRequestSchema,
} from "#gen/llmemory/v1/memory_service_pb.js";
import {
  type Feedback,
  RecordFeedbackRequestSchema,
  type SearchRequest,
  SearchRequestSchema,
} from "#gen/llmemory/v1/search_service_pb.js";
import { checkMetadata } from "../domain/check-metadata.ts";
import { checkPrintable, checkText } from "../domain/check-text.ts";
import { cutText } from "../domain/cut-text.ts";
import type { JsonObject } from "../domain/document.ts";
import type { FieldViolation } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { checkFilter } from "./check-filter.ts";
import { checkUpdate } from "./check-update.ts";
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
      ...checkPrintable("idempotency_key", message.idempotencyKey),
      ...checkMetadata("metadata", (message.metadata ?? {}) as JsonObject),
    ];
  }
  if (isMessage(message, IngestDocumentsRequestSchema)) {
    const { message: part } = message;
    return part.case === "open" ? checkPrintable("open.stream_id", part.value.streamId) : [];
  }
  if (isMessage(message, UpdateDocumentRequestSchema)) return checkUpdate(message);
  const isFiltered = isMessage(message, ListDocumentsRequestSchema) || isMessage(message, DeleteDocumentsRequestSchema);
  if (isFiltered) return checkFilter("filter", message.filter);
  if (isMessage(message, SearchRequestSchema)) return checkSearch("", message);
  if (isMessage(message, ExplainSearchRequestSchema)) return message.search ? checkSearch("search.", message.search) : [];
  if (isMessage(message, RecordFeedbackRequestSchema)) return checkFeedback(message.feedback);
  return [];
}

/** @param prefix path of the request in the message, with a dot behind it; empty if it is the message. */
function checkSearch(prefix: string, request: SearchRequest): FieldViolation[] {
  const isBlank = request.queryText !== "" && request.queryText.trim() === "";
  const description = "has nothing but white space; ask in words";
  return [
    ...(isBlank ? [{ field: `${prefix}query_text`, rule: "query_text.not_blank", description }] : []),
    ...checkFilter(`${prefix}filter`, request.filter),
  ];
}

/** Two judgements on one chunk would contradict each other. */
function checkFeedback(feedback: readonly Feedback[]): FieldViolation[] {
  const seen = new Set<string>();
  return feedback.flatMap(({ chunkId }, index) => {
    const id = chunkId.toLowerCase();
    const isRepeated = seen.has(id);
    seen.add(id);
    if (!isRepeated || id === "") return [];
    const description = "names a chunk that an earlier item names already";
    return [{ field: `feedback[${index}].chunk_id`, rule: "feedback.chunk_once", description }];
  });
}
