import { abortError, ConflictError, DomainError, InvalidInputError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { documentKey } from "../storage/lock-documents.ts";
import { type AddDocumentResult, requireAnswer, withPending } from "./add-document.ts";
import { addDocumentOnce, type RepeatableAdd } from "./add-document-once.ts";
import { type AddResult, commitDocuments, type DocumentDeps, prepareDocuments, type ReadyDocument } from "./add-documents.ts";
import { countOfBatch } from "./ingest-batch.ts";

/** What became of a document of a batch. */
export interface BatchResult {
  readonly outcome: PromiseSettledResult<AddDocumentResult>;
  /** Since the documents that were stored together with it were begun; waiting included. */
  readonly elapsedMs: number;
}

const groupSize = { items: limits.streamBatchItemsMax, bytes: limits.streamBatchBytesMax };

/**
 * Adds documents in groups, each in one transaction, one group after the other, so that of documents with one key the last wins. Those
 * that have an `idempotencyKey` are added one by one, since the repeat of a request may find some of them done.
 *
 * @param adds checked; those without an `idempotencyKey` have an empty one.
 * @returns in the order of `adds`; a document that cannot be stored is rejected, and alone if that is about the document.
 * @throws the signal's domain error once it is aborted; what was stored by then stays.
 */
export async function addBatch(deps: DocumentDeps, adds: readonly RepeatableAdd[], signal: AbortSignal): Promise<BatchResult[]> {
  const stored: Stored[] = [];
  for (let next = 0; next < adds.length; ) {
    const group = adds.slice(next, next + sizeOfGroup(adds, next));
    next += group.length;
    const startedMs = performance.now();
    const outcomes = await storeGroup(deps, group, signal);
    if (signal.aborted) throw abortError(signal);
    const endedMs = performance.now();
    for (const [index, { waitUntil }] of group.entries())
      stored.push({ outcome: requireOutcome(outcomes[index]), waitUntil, startedMs, endedMs });
  }
  // Only now, so that all are stored, and being embedded, while some are waited for.
  return await answerAll(deps, stored, signal);
}

interface Stored {
  readonly outcome: PromiseSettledResult<AddResult>;
  readonly waitUntil: RepeatableAdd["waitUntil"];
  readonly startedMs: number;
  readonly endedMs: number;
}

async function answerAll(deps: DocumentDeps, stored: readonly Stored[], signal: AbortSignal): Promise<BatchResult[]> {
  const added = stored.flatMap(({ outcome, waitUntil }) =>
    outcome.status === "fulfilled" ? [{ result: outcome.value, waitUntil }] : [],
  );
  const [answered] = await Promise.allSettled([withPending(deps, added, signal)]);
  if (signal.aborted) throw abortError(signal);
  const answers = (answered.status === "fulfilled" ? answered.value : [])[Symbol.iterator]();
  const nowMs = performance.now();
  return stored.map(({ outcome, waitUntil, startedMs, endedMs }) => {
    const elapsedMs = (waitUntil === "searchable" ? nowMs : endedMs) - startedMs;
    if (outcome.status === "rejected") return { outcome, elapsedMs };
    if (answered.status === "rejected") return { outcome: answered, elapsedMs };
    return { outcome: { status: "fulfilled", value: requireAnswer(answers.next().value) }, elapsedMs };
  });
}

/** How many of the adds from `first` on may be stored together: bounded in number and bytes, and no document twice. */
function sizeOfGroup(adds: readonly RepeatableAdd[], first: number): number {
  if (adds[first]?.idempotencyKey !== "") return 1;
  const keys = new Set<string>();
  const sized = adds.slice(first, first + groupSize.items).map((add) => ({ ...add, sizeBytes: add.document.content.length }));
  return countOfBatch(sized, groupSize, ({ idempotencyKey, document }) => {
    const key = documentKey(document);
    if (idempotencyKey !== "" || keys.has(key)) return false;
    keys.add(key);
    return true;
  });
}

async function storeGroup(
  deps: DocumentDeps,
  group: readonly RepeatableAdd[],
  signal: AbortSignal,
): Promise<PromiseSettledResult<AddResult>[]> {
  const [first] = group;
  if (!first || first.idempotencyKey === "") return await storeTogether(deps, group, signal);
  return await Promise.allSettled([addDocumentOnce(deps, { ...first, waitUntil: "committed" }, signal)]);
}

async function storeTogether(
  deps: DocumentDeps,
  group: readonly RepeatableAdd[],
  signal: AbortSignal,
): Promise<PromiseSettledResult<AddResult>[]> {
  try {
    deps.intake.requireRoom();
    const documents = group.map(({ document }) => document);
    const prepared = await prepareDocuments(deps, documents, signal);
    const ready = prepared.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const committed = (await commitGroup(deps, ready, signal))[Symbol.iterator]();
    return prepared.map((outcome) => (outcome.status === "rejected" ? outcome : requireOutcome(committed.next().value)));
  } catch (reason) {
    return group.map(() => ({ status: "rejected", reason }));
  }
}

/** Commits a group, or, where one document of it cannot be stored, its halves, down to that one alone. */
async function commitGroup(
  deps: DocumentDeps,
  group: readonly ReadyDocument[],
  signal: AbortSignal,
): Promise<PromiseSettledResult<AddResult>[]> {
  try {
    return (await commitDocuments(deps, group, signal)).map((value) => ({ status: "fulfilled", value }));
  } catch (reason) {
    const mayBeOfOne = !(reason instanceof DomainError) || reason instanceof InvalidInputError || reason instanceof ConflictError;
    if (group.length <= 1 || !mayBeOfOne) return group.map(() => ({ status: "rejected", reason }));
    const middle = Math.ceil(group.length / 2);
    return [
      ...(await commitGroup(deps, group.slice(0, middle), signal)),
      ...(await commitGroup(deps, group.slice(middle), signal)),
    ];
  }
}

function requireOutcome<T>(outcome: PromiseSettledResult<T> | undefined): PromiseSettledResult<T> {
  if (!outcome) throw new Error("a document of a batch has no outcome");
  return outcome;
}
