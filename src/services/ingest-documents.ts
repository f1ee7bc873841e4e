import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

import {
  AddDocumentRequestSchema,
  type IngestDocumentsRequest,
  type IngestDocumentsResponseSchema,
  type IngestFailure,
  IngestFailureSchema,
  IngestItemSchema,
  type IngestOpen,
  type IngestItem as ProtoItem,
} from "#gen/llmemory/v1/memory_service_pb.js";
import type { DocumentDeps } from "../documents/add-documents.ts";
import { type IngestItem, type IngestProgress, IngestSession, type ItemError } from "../documents/ingest-session.ts";
import { abortError, InvalidInputError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { toStatus } from "../interceptors/error-translation.ts";
import { findViolations } from "../interceptors/find-violations.ts";
import type { RequestContext } from "../interceptors/request-context.ts";
import type { StreamFailure } from "../storage/ingest-streams.ts";
import { decodeDocument } from "./decode-document.ts";
import { encodeDuration } from "./encode-duration.ts";

type Reply = MessageInitShape<typeof IngestDocumentsResponseSchema>;

const drainMessage: Reply = { message: { case: "drain", value: { retryAfter: encodeDuration(limits.drainRetryAfterMs) } } };

/** One connection of an ingest stream: reads items into a session while replies report what the session has made durable. */
export async function* ingestDocuments(
  deps: DocumentDeps,
  requests: AsyncIterable<IngestDocumentsRequest>,
  context: RequestContext,
  drain: AbortSignal,
): AsyncGenerator<Reply> {
  const { signal, requestId } = context;
  const messages = requests[Symbol.asyncIterator]();
  const open = await readOpen(messages);
  const session = await IngestSession.open(deps, { ownerId: open.ownerId, streamId: open.streamId }, signal);
  yield* encodeProgress(session.opened, requestId);
  yield { message: { case: "window", value: { items: limits.streamWindowItems, bytes: BigInt(limits.streamWindowBytes) } } };

  const stopReading = new AbortController();
  const finish = () => session.finish();
  drain.addEventListener("abort", finish, { once: true });
  if (drain.aborted) finish();
  const reading = readItems(messages, open, session, AbortSignal.any([drain, stopReading.signal])).finally(finish);
  // Its failure is thrown below, once what was read before it is durable.
  reading.catch(() => undefined);
  let isDraining = false;
  try {
    for await (const progress of session.progress()) {
      // Said as early as possible, so that the client stops sending while what arrived before is committed.
      if (drain.aborted && !isDraining) yield drainMessage;
      isDraining = drain.aborted;
      yield* encodeProgress(progress, requestId);
    }
    if (drain.aborted) {
      if (!isDraining) yield drainMessage;
      return;
    }
    await reading;
    // A handler that returns ends the stream with OK, which a caller that went away must not be told.
    if (signal.aborted) throw abortError(signal);
  } finally {
    drain.removeEventListener("abort", finish);
    stopReading.abort();
    session.finish();
  }
}

async function readOpen(messages: AsyncIterator<IngestDocumentsRequest>): Promise<IngestOpen> {
  const first = await messages.next();
  if (!first.done && first.value.message.case === "open") return first.value.message.value;
  const description = "must be open in the first message of a stream";
  throw new InvalidInputError([{ field: "message", rule: "ingest.open_first", description }]);
}

async function readItems(
  messages: AsyncIterator<IngestDocumentsRequest>,
  open: IngestOpen,
  session: IngestSession,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const next = await messages.next();
    if (next.done || stop.aborted) return;
    const { message } = next.value;
    if (message.case === "item") await session.offer(decodeItem(message.value, open));
    else if (message.case === "ack") await session.acknowledge(Number(message.value.upToSequence));
    else
      throw new InvalidInputError([
        { field: "message", rule: "ingest.open_once", description: "may be open only in the first message" },
      ]);
  }
}

function decodeItem(item: ProtoItem, open: IngestOpen): IngestItem {
  const { document } = item;
  const sequence = Number(item.sequence);
  const sizeBytes = toBinary(IngestItemSchema, item).length;
  if (!document) {
    const description = "is missing";
    return { sequence, idAtOrigin: "", sizeBytes, document: [{ field: "document", rule: "required", description }] };
  }
  if (document.ownerId === "") document.ownerId = open.ownerId;
  const violations = findViolations(AddDocumentRequestSchema, document);
  if (document.ownerId !== open.ownerId) {
    const description = "is not the owner that the stream was opened for";
    violations.push({ field: "owner_id", rule: "ingest.same_owner", description });
  }
  // A key that PostgreSQL cannot store cannot be recorded either.
  const idAtOrigin = document.idAtOrigin.replaceAll("\0", "").toWellFormed().slice(0, limits.idAtOriginCharsMax);
  return { sequence, idAtOrigin, sizeBytes, document: violations.length > 0 ? violations : decodeDocument(document) };
}

/** One message, or several of the same position where the failures are too many for one reply. */
function* encodeProgress(progress: IngestProgress, requestId: string): Generator<Reply> {
  const upToSequence = BigInt(progress.durableUpTo);
  let failures: IngestFailure[] = [];
  let bytes = 0;
  for (const failure of progress.failures) {
    const encoded = encodeFailure(failure, requestId);
    const size = toBinary(IngestFailureSchema, encoded).length + 8;
    if (failures.length > 0 && bytes + size > limits.replyBytesMax) {
      yield { message: { case: "durable", value: { upToSequence, failures } } };
      failures = [];
      bytes = 0;
    }
    failures.push(encoded);
    bytes += size;
  }
  yield { message: { case: "durable", value: { upToSequence, failures } } };
}

function encodeFailure(failure: StreamFailure, requestId: string): IngestFailure {
  // Written by the session, read back as it was.
  const error = failure.error as ItemError;
  return create(IngestFailureSchema, {
    sequence: BigInt(failure.sequence),
    idAtOrigin: failure.idAtOrigin,
    error: toStatus(error.kind === "invalid" ? new InvalidInputError(error.violations) : new Error(error.message), requestId),
  });
}
