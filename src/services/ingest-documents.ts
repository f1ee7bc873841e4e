import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

import {
  type AddDocumentRequest,
  AddDocumentRequestSchema,
  type IngestDocumentsRequest,
  type IngestDocumentsResponseSchema,
  type IngestFailure,
  IngestFailureSchema,
  type IngestOpen,
  type IngestItem as ProtoItem,
  WaitUntil,
} from "#gen/llmemory/v1/memory_service_pb.js";
import type { DocumentDeps } from "../documents/add-documents.ts";
import { type IngestItem, type IngestProgress, IngestSession, type ItemError } from "../documents/ingest-session.ts";
import type { StreamWindow } from "../documents/intake.ts";
import { abortError, InvalidInputError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { mergeIterables } from "../domain/merge-iterables.ts";
import { Wakeup } from "../domain/wakeup.ts";
import { toStatus } from "../interceptors/error-translation.ts";
import { findViolations } from "../interceptors/find-violations.ts";
import type { RequestContext } from "../interceptors/request-context.ts";
import type { StreamFailure } from "../storage/ingest-streams.ts";
import { decodeDocument } from "./decode-document.ts";
import { encodeDuration } from "./encode-duration.ts";

type Reply = MessageInitShape<typeof IngestDocumentsResponseSchema>;

/** One connection of an ingest stream: reads items into a session while replies report what becomes of them. */
export async function* ingestDocuments(
  deps: DocumentDeps,
  requests: AsyncIterable<IngestDocumentsRequest>,
  context: RequestContext,
  drain: AbortSignal,
): AsyncGenerator<Reply> {
  const { signal, requestId } = context;
  const messages = requests[Symbol.asyncIterator]();
  const open = await readOpen(messages);
  const closeStream = deps.intake.openStream();
  /** Aborts once nothing more is to be said. */
  const ended = new AbortController();
  const stop = AbortSignal.any([drain, ended.signal]);
  try {
    const session = await IngestSession.open(deps, { ownerId: open.ownerId, streamId: open.streamId, isBulk: open.bulk }, signal);
    yield* encodeProgress(session.opened, requestId);
    const { window } = session;
    yield encodeWindow(window);

    const finish = () => session.finish({ hurry: drain.aborted });
    stop.addEventListener("abort", finish, { once: true });
    if (drain.aborted) finish();
    const reading = readItems(messages, open, session, stop).finally(finish);
    // Its failure is thrown below, once what was read before it is durable.
    reading.catch(() => undefined);
    const durable = async function* (): AsyncGenerator<Reply> {
      for await (const progress of session.progress()) yield* encodeProgress(progress, requestId);
      if (!drain.aborted) {
        await reading;
        await session.complete();
      }
      if (open.waitUntil !== WaitUntil.SEARCHABLE) ended.abort();
    };
    const indexed = async function* (): AsyncGenerator<Reply> {
      for await (const { indexedUpTo, deadChunks } of session.indexed(stop))
        yield { message: { case: "indexed", value: { upToSequence: BigInt(indexedUpTo), deadChunks } } };
      ended.abort();
    };
    yield* mergeIterables([durable(), indexed(), windowChanges(session, window, stop), drainMessage(drain, stop)]);
    // A handler that returns ends the stream with OK, which a caller that went away must not be told.
    if (signal.aborted) throw abortError(signal);
  } finally {
    ended.abort();
    closeStream();
  }
}

/** Tells the client of each change of its window. */
async function* windowChanges(session: IngestSession, first: StreamWindow, stop: AbortSignal): AsyncGenerator<Reply> {
  const pause = new Wakeup();
  for (let told = first; ; ) {
    await pause.wait(limits.streamWindowLookMs, stop);
    if (stop.aborted) return;
    const { window } = session;
    if (window.items === told.items && window.bytes === told.bytes) continue;
    told = window;
    yield encodeWindow(window);
  }
}

function encodeWindow({ items, bytes }: StreamWindow): Reply {
  return { message: { case: "window", value: { items, bytes: BigInt(bytes) } } };
}

/** Said as early as possible, so that the client stops sending while what arrived before is committed. */
async function* drainMessage(drain: AbortSignal, stop: AbortSignal): AsyncGenerator<Reply> {
  if (!stop.aborted) await once(stop, "abort");
  if (drain.aborted) yield { message: { case: "drain", value: { retryAfter: encodeDuration(limits.drainRetryAfterMs) } } };
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
  for (let turnBegan = performance.now(); !stop.aborted; ) {
    const next = await messages.next();
    if (next.done || stop.aborted) return;
    // What has arrived is there at once, and would keep statements and searches waiting until it is all decoded.
    if (performance.now() - turnBegan > limits.decodingTurnMs) {
      await nextTurn();
      turnBegan = performance.now();
    }
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
  const sizeBytes = sizeOf(document);
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
  if (document.idempotencyKey !== "") {
    const description = "is not for streams, in which the sequence makes an item safe to repeat; leave it out";
    violations.push({ field: "idempotency_key", rule: "ingest.no_idempotency_key", description });
  }
  // A key that PostgreSQL cannot store cannot be recorded either.
  const idAtOrigin = document.idAtOrigin.replaceAll("\0", "").toWellFormed().slice(0, limits.idAtOriginCharsMax);
  return { sequence, idAtOrigin, sizeBytes, document: violations.length > 0 ? violations : decodeDocument(document) };
}

/** About what an item takes in memory; serializing it again to know exactly would take as much once more. */
function sizeOf(document: AddDocumentRequest | undefined): number {
  if (!document) return 0;
  const { content, metadata, embedding } = document;
  const metadataBytes = metadata === undefined ? 0 : JSON.stringify(metadata).length;
  const vectorBytes =
    embedding?.vectors.reduce((sum, { values }) => sum + 4 * values.length, embedding.packedVectors.length) ?? 0;
  return Buffer.byteLength(content) + metadataBytes + vectorBytes + 512;
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
