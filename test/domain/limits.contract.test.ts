import { type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { field as fieldRules } from "#gen/buf/validate/validate_pb.js";
import {
  GetEmbeddingQueueRequestSchema,
  GetOwnerStatisticsRequestSchema,
  PurgeDeadJobsRequestSchema,
  RetryDeadJobsRequestSchema,
} from "#gen/llmemory/v1/admin_service_pb.js";
import {
  ChunkingSchema,
  DocumentEmbeddingSchema,
  FilterSchema,
  MetadataConditionSchema,
  MetadataExpressionListSchema,
} from "#gen/llmemory/v1/document_pb.js";
import {
  AddDocumentRequestSchema,
  BatchAddDocumentsRequestSchema,
  DeleteDocumentRequestSchema,
  DeleteDocumentsRequestSchema,
  GetChunksRequestSchema,
  GetDocumentRequestSchema,
  IngestOpenSchema,
  ListDocumentsRequestSchema,
  ReadDocumentRequestSchema,
  UpdateDocumentRequestSchema,
} from "#gen/llmemory/v1/memory_service_pb.js";
import {
  BatchSearchRequestSchema,
  FeedbackSchema,
  RecordFeedbackRequestSchema,
  SearchRequestSchema,
} from "#gen/llmemory/v1/search_service_pb.js";
import { limits } from "../../src/domain/limits.ts";

/** A rule that a client reads in the proto, and the limit that the service itself goes by. */
const rules: readonly (readonly [schema: DescMessage, field: string, rule: string, limit: number])[] = [
  [AddDocumentRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [GetDocumentRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [ReadDocumentRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [GetChunksRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [ListDocumentsRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [DeleteDocumentRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [IngestOpenSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [SearchRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [GetOwnerStatisticsRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [GetEmbeddingQueueRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [RetryDeadJobsRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [PurgeDeadJobsRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [AddDocumentRequestSchema, "id_at_origin", "maxLen", limits.idAtOriginCharsMax],
  [GetDocumentRequestSchema, "id_at_origin", "maxLen", limits.idAtOriginCharsMax],
  [DeleteDocumentRequestSchema, "id_at_origin", "maxLen", limits.idAtOriginCharsMax],
  [AddDocumentRequestSchema, "document_name", "maxLen", limits.documentNameCharsMax],
  [AddDocumentRequestSchema, "idempotency_key", "maxLen", limits.idempotencyKeyCharsMax],
  [UpdateDocumentRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [UpdateDocumentRequestSchema, "id_at_origin", "maxLen", limits.idAtOriginCharsMax],
  [UpdateDocumentRequestSchema, "document_name", "maxLen", limits.documentNameCharsMax],
  [DeleteDocumentsRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [DeleteDocumentsRequestSchema, "document_ids", "maxItems", limits.filterValuesMax],
  [DeleteDocumentsRequestSchema, "ids_at_origin", "maxItems", limits.filterValuesMax],
  [AddDocumentRequestSchema, "content", "maxLen", limits.contentCharsMax],
  [AddDocumentRequestSchema, "content", "maxBytes", limits.contentBytesMax],
  [BatchAddDocumentsRequestSchema, "documents", "maxItems", limits.batchDocumentsMax],
  [IngestOpenSchema, "stream_id", "maxLen", limits.streamIdCharsMax],
  [ListDocumentsRequestSchema, "page_size", "lte", limits.pageSizeMax],
  [GetChunksRequestSchema, "chunk_ids", "maxItems", limits.pageSizeMax],
  [GetChunksRequestSchema, "page_size", "lte", limits.pageSizeMax],
  [GetChunksRequestSchema, "context_window", "lte", limits.contextWindowMax],
  [DocumentEmbeddingSchema, "vectors", "maxItems", limits.documentChunksMax],
  [SearchRequestSchema, "query_text", "maxLen", limits.queryCharsMax],
  [SearchRequestSchema, "limit", "lte", limits.searchLimitMax],
  [SearchRequestSchema, "text_window", "lte", limits.textWindowMax],
  [SearchRequestSchema, "context_window", "lte", limits.contextWindowMax],
  [SearchRequestSchema, "max_query_variants", "lte", limits.queryVariantsMax],
  [SearchRequestSchema, "rerank_top_k", "lte", limits.rerankTopKMax],
  [BatchSearchRequestSchema, "searches", "maxItems", limits.batchSearchesMax],
  [RecordFeedbackRequestSchema, "owner_id", "maxLen", limits.ownerIdCharsMax],
  [RecordFeedbackRequestSchema, "feedback", "maxItems", limits.feedbackMax],
  [FeedbackSchema, "note", "maxLen", limits.feedbackNoteCharsMax],
  [ChunkingSchema, "chunk_tokens", "gte", limits.chunkTokensMin],
  [ChunkingSchema, "chunk_tokens", "lte", limits.chunkTokensMax],
  [FilterSchema, "ids_at_origin", "maxItems", limits.filterValuesMax],
  [FilterSchema, "document_ids", "maxItems", limits.filterValuesMax],
  [FilterSchema, "document_types", "maxItems", limits.filterValuesMax],
  [FilterSchema, "languages", "maxItems", limits.filterValuesMax],
  [MetadataExpressionListSchema, "expressions", "maxItems", limits.metadataExpressionConditionsMax],
];

describe("the contract says the limits of the service", () => {
  test.each(
    rules.map(([schema, field, rule, limit]) => ({ field: `${schema.name}.${field}`, rule, limit, schema, name: field })),
  )("$field $rule $limit", ({ schema, name, rule, limit }) => {
    expect(rulesOf(fieldOf(schema, name))[rule]).toBe(limit);
  });

  test("and bounds every string and list of a request, so that nothing is as long as the message allows", () => {
    const requests = [...new Set([...rules.map(([schema]) => schema), MetadataConditionSchema])];
    const unbounded = requests.flatMap((schema) =>
      schema.fields.filter(isTextOrList).flatMap((field) => {
        const { maxLen, maxItems, uuid } = rulesOf(field);
        return maxLen === undefined && maxItems === undefined && uuid === undefined ? [`${schema.name}.${field.name}`] : [];
      }),
    );
    expect(unbounded).toEqual([]);
  });
});

test("a document of the largest size fits one request with a name, a key and metadata of the largest size", () => {
  const { contentBytesMax, documentNameCharsMax, idAtOriginCharsMax, metadataBytesMax, requestBytesMax } = limits;
  // As a protobuf Struct, metadata take up to six times their JSON: a digit of a list, two bytes with its comma, takes eleven.
  expect(contentBytesMax + 4 * (documentNameCharsMax + idAtOriginCharsMax) + 8 * metadataBytesMax).toBeLessThan(requestBytesMax);
});

test("a reply stays below what gRPC clients accept by default", () => {
  expect(limits.replyBytesMax).toBeLessThan(4 * 1024 * 1024);
});

function isTextOrList(field: DescField): boolean {
  return field.fieldKind === "list" || (field.fieldKind === "scalar" && field.scalar === ScalarType.STRING);
}

function fieldOf(schema: DescMessage, name: string): DescField {
  const field = schema.fields.find((candidate) => candidate.name === name);
  if (!field) throw new Error(`${schema.typeName} has no field ${name}`);
  return field;
}

/** The rules of a field by name, as plain numbers. */
function rulesOf(field: DescField): Readonly<Record<string, unknown>> {
  const { type } = getOption(field, fieldRules);
  if (type.case === undefined) return {};
  const oneofs = Object.values(type.value).flatMap((value) =>
    typeof value === "object" && value !== null && "case" in value && typeof value.case === "string" && "value" in value
      ? [[value.case, value.value] as const]
      : [],
  );
  return Object.fromEntries([...Object.entries(type.value), ...oneofs].map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value === 0n ? undefined : Number(value);
  return value;
}
