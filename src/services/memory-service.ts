import { create, type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type AddDocumentRequest,
  AddDocumentRequestSchema,
  type BatchAddDocumentsResponse,
  BatchAddDocumentsResponseSchema,
  type BatchAddDocumentsResult,
  BatchAddDocumentsResultSchema,
  GetDocumentResponseSchema,
  type MemoryService,
  OrderBy,
  WaitUntil,
} from "#gen/llmemory/v1/memory_service_pb.js";
import { addBatch } from "../documents/add-batch.ts";
import { addDocument } from "../documents/add-document.ts";
import { addDocumentOnce, type RepeatableAdd } from "../documents/add-document-once.ts";
import type { DocumentDeps } from "../documents/add-documents.ts";
import { deleteDocument } from "../documents/delete-document.ts";
import { countDocumentsToDelete, deleteDocuments } from "../documents/delete-documents.ts";
import { getChunks } from "../documents/get-chunks.ts";
import { getDocument, replyTooLarge } from "../documents/get-document.ts";
import { type ListQuery, listDocuments } from "../documents/list-documents.ts";
import { updateDocument } from "../documents/update-document.ts";
import { type FieldViolation, InvalidInputError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { refusalOf } from "../interceptors/error-translation.ts";
import { findViolations } from "../interceptors/find-violations.ts";
import { type RequestContext, requestContextOf } from "../interceptors/request-context.ts";
import { decodeChoice } from "./decode-choice.ts";
import { decodeDocument } from "./decode-document.ts";
import { decodeFilter } from "./decode-filter.ts";
import { decodeKey } from "./decode-key.ts";
import { decodeUpdate } from "./decode-update.ts";
import { encodeAddResult, encodeChunk, encodeDocument } from "./encode-document.ts";
import { decodeChunkQuery, encodeChunkPage } from "./get-chunks.ts";
import { ingestDocuments } from "./ingest-documents.ts";
import { streamDocument } from "./read-document.ts";

const orders: Readonly<Record<OrderBy, Pick<ListQuery, "order" | "descending">>> = {
  [OrderBy.UNSPECIFIED]: { order: "created_at", descending: true },
  [OrderBy.CREATED_AT_DESC]: { order: "created_at", descending: true },
  [OrderBy.CREATED_AT_ASC]: { order: "created_at", descending: false },
  [OrderBy.UPDATED_AT_DESC]: { order: "updated_at", descending: true },
  [OrderBy.UPDATED_AT_ASC]: { order: "updated_at", descending: false },
  [OrderBy.DOCUMENT_NAME_ASC]: { order: "document_name", descending: false },
  [OrderBy.DOCUMENT_NAME_DESC]: { order: "document_name", descending: true },
};

/** @param drain aborts when the service begins to stop: streams end after committing what they hold. */
export function createMemoryService(deps: DocumentDeps, drain: AbortSignal): ServiceImpl<typeof MemoryService> {
  return {
    async addDocument(request, context) {
      const started = performance.now();
      const add = decodeAdd(request);
      const signal = signalOf(context);
      const result =
        add.idempotencyKey === ""
          ? await addDocument(deps, add.document, add.waitUntil, signal)
          : await addDocumentOnce(deps, add, signal);
      return encodeAddResult(result, performance.now() - started);
    },

    async batchAddDocuments({ documents }, context) {
      deps.intake.requireRoom();
      const response = create(BatchAddDocumentsResponseSchema, {
        results: await addDocumentsOf(deps, documents, requestContextOf(context.values)),
      });
      return fits(BatchAddDocumentsResponseSchema, response) ? response : withoutMetadata(response);
    },

    ingestDocuments: (requests, context) => ingestDocuments(deps, requests, requestContextOf(context.values), drain),

    async getDocument(request, context) {
      const include = {
        chunks: request.includeChunks,
        content: request.includeContent,
        embeddings: request.includeEmbeddings,
      };
      const found = await getDocument(deps, decodeKey(request), include, signalOf(context));
      const response = create(GetDocumentResponseSchema, {
        document: encodeDocument(found.document),
        chunks: found.chunks.map((chunk) => encodeChunk(found.document.documentId, chunk)),
        content: found.content ?? "",
      });
      if (fits(GetDocumentResponseSchema, response)) return response;
      throw replyTooLarge();
    },

    readDocument: (request, context) => streamDocument(deps, request, signalOf(context)),

    async getChunks(request, context) {
      return encodeChunkPage(await getChunks(deps, decodeChunkQuery(request), signalOf(context)));
    },

    async listDocuments(request, context) {
      const page = await listDocuments(
        deps,
        {
          ownerId: request.ownerId,
          filter: decodeFilter(request.filter),
          ...orders[request.orderBy],
          pageSize: request.pageSize ?? limits.pageSizeDefault,
          pageToken: request.pageToken,
        },
        signalOf(context),
      );
      return { documents: page.documents.map(encodeDocument), nextPageToken: page.nextPageToken };
    },

    async updateDocument(request, context) {
      return { document: encodeDocument(await updateDocument(deps, decodeUpdate(request), signalOf(context))) };
    },

    deleteDocument: (request, context) => deleteDocument(deps, decodeKey(request), signalOf(context)),

    async deleteDocuments(request, context) {
      const { ownerId, dryRun } = request;
      const choice = decodeChoice(request, deps.clock.now());
      const deleted = dryRun
        ? await countDocumentsToDelete(deps, ownerId, choice, signalOf(context))
        : await deleteDocuments(deps, ownerId, choice, signalOf(context), timeLeft(context));
      return {
        documentsDeleted: BigInt(deleted.documents),
        chunksDeleted: BigInt(deleted.chunks),
        moreRemain: deleted.moreRemain,
      };
    },
  };
}

function decodeAdd(request: AddDocumentRequest): RepeatableAdd {
  const waitUntil = request.waitUntil === WaitUntil.SEARCHABLE ? "searchable" : "committed";
  const { idempotencyKey, idAtOrigin: givenIdAtOrigin } = request;
  return { document: decodeDocument(request), idempotencyKey, givenIdAtOrigin, waitUntil };
}

/** Checks each document of a batch on its own, adds the good ones, and tells what became of each, in order. */
async function addDocumentsOf(
  deps: DocumentDeps,
  documents: readonly AddDocumentRequest[],
  context: RequestContext,
): Promise<BatchAddDocumentsResult[]> {
  const checked = documents.map((document) => ({ document, violations: findViolations(AddDocumentRequestSchema, document) }));
  const good = checked.filter(({ violations }) => violations.length === 0).map(({ document }) => decodeAdd(document));
  const added = (await addBatch(deps, good, context.signal))[Symbol.iterator]();
  const refused = (error: unknown) => ({ case: "error" as const, value: refusalOf(error, context) });
  const resultOf = (violations: readonly FieldViolation[]) => {
    if (violations.length > 0) return refused(new InvalidInputError(violations));
    const { value: result } = added.next();
    if (result?.outcome.status !== "fulfilled") return refused(result?.outcome.reason);
    return { case: "response" as const, value: encodeAddResult(result.outcome.value, result.elapsedMs) };
  };
  return checked.map(({ violations }) => create(BatchAddDocumentsResultSchema, { result: resultOf(violations) }));
}

function fits<Desc extends DescMessage>(schema: Desc, response: MessageShape<Desc>): boolean {
  return toBinary(schema, response).length <= limits.replyBytesMax;
}

/** The client has sent them a moment ago; all else of 500 documents fits. */
function withoutMetadata(response: BatchAddDocumentsResponse): BatchAddDocumentsResponse {
  for (const { result } of response.results) {
    if (result.case === "response" && result.value.document) delete result.value.document.metadata;
  }
  return response;
}

/** Until the deadline, also if it is the service's own. */
function timeLeft(context: HandlerContext): () => number {
  const started = performance.now();
  return () => context.timeoutMs() ?? limits.unaryDeadlineDefaultMs - (performance.now() - started);
}

function signalOf(context: HandlerContext): AbortSignal {
  return requestContextOf(context.values).signal;
}
