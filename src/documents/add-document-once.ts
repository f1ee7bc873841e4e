import { createHash } from "node:crypto";
import type { NewDocument } from "../domain/document.ts";
import { noEnrichment, resolveEnrichment } from "../domain/enrichment.ts";
import { ConflictError, NotFoundError, PreconditionError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { findRecordedAdd, type RequestKey, recordAdd } from "../storage/idempotency-keys.ts";
import { findDocument } from "../storage/read-documents.ts";
import { type AddDocumentResult, addDocument, requireAnswer, withPending } from "./add-document.ts";
import type { DocumentDeps } from "./add-documents.ts";
import { fingerprintOf } from "./prepare-document.ts";

const hourMs = 60 * 60 * 1_000;

/** A request that may be repeated. */
export interface RepeatableAdd {
  readonly document: NewDocument;
  /** Of the client's choice, unique within the owner. */
  readonly idempotencyKey: string;
  /** The key of the document as the client gave it; empty: the service made the one that `document` has. */
  readonly givenIdAtOrigin: string;
  readonly waitUntil: "committed" | "searchable";
}

/**
 * Adds a document as `addDocument` does, but once for each key: a repeat of the request gets the outcome of the first one, with the
 * document as it is now. Of two that meet, one adds the document, and the other waits for it.
 *
 * @throws PreconditionError with reason IDEMPOTENCY_KEY_REUSED if another request had the key.
 * @throws NotFoundError if the document of the first request was deleted since, or has expired.
 */
export async function addDocumentOnce(
  deps: DocumentDeps,
  request: RepeatableAdd,
  signal: AbortSignal,
): Promise<AddDocumentResult> {
  const { document, waitUntil, idempotencyKey } = request;
  const key = { ownerId: document.ownerId, idempotencyKey, requestHash: hashOf(request) };
  const repeated = await repeatAdd(deps, key, waitUntil, signal);
  if (repeated) return repeated;
  try {
    return await addDocument(deps, document, waitUntil, signal, async (transaction, [result]) => {
      if (!result) throw new Error("a document was added without a result");
      const now = deps.clock.now();
      if (!(await recordAdd(transaction, key, result, { now, since: rememberedSince(now) }))) throw new MetAnotherError();
    });
  } catch (error) {
    if (!(error instanceof MetAnotherError)) throw error;
    const first = await repeatAdd(deps, key, waitUntil, signal);
    if (first) return first;
    throw new ConflictError(
      "CONCURRENT_WRITE",
      `another request with the idempotency_key "${idempotencyKey}" has ended just now; repeat`,
    );
  }
}

/** Undoes an add: a request with the same key has committed first. */
class MetAnotherError extends Error {}

/** What the first request with the key has got; undefined: there was none. */
async function repeatAdd(
  deps: DocumentDeps,
  { ownerId, idempotencyKey, requestHash }: RequestKey,
  waitUntil: RepeatableAdd["waitUntil"],
  signal: AbortSignal,
): Promise<AddDocumentResult | undefined> {
  const now = deps.clock.now();
  const recorded = await findRecordedAdd(deps.database, { ownerId, idempotencyKey }, rememberedSince(now), signal);
  if (!recorded) return undefined;
  const { requestHash: recordedHash, documentId, ...result } = recorded;
  if (!recordedHash.equals(requestHash)) {
    const message = `idempotency_key "${idempotencyKey}" belongs to another request, which added document "${documentId}"; a new request needs a new key`;
    throw new PreconditionError("IDEMPOTENCY_KEY_REUSED", message, { details: { document_id: documentId } });
  }
  const document = await findDocument(deps.database, { ownerId, documentId }, now);
  if (!document) throw new NotFoundError("document", documentId);
  const [answer] = await withPending(deps, [{ result: { ...result, document }, waitUntil }], signal);
  return requireAnswer(answer);
}

function rememberedSince(now: Date): Date {
  return new Date(now.getTime() - limits.idempotencyKeyHours * hourMs);
}

/** SHA-256 of all that makes requests different; how long a client waits does not. */
function hashOf({ document, givenIdAtOrigin }: RepeatableAdd): Buffer {
  const others = JSON.stringify([givenIdAtOrigin, document.expiresAt?.toISOString() ?? null]);
  // What was asked for: the service may be set to something else meanwhile.
  const asked = resolveEnrichment(document.enrichment, noEnrichment);
  return createHash("sha256").update(fingerprintOf(document, asked)).update(others).digest();
}
