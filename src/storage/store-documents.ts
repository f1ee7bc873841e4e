import type { NewDocument, StoredDocument } from "../domain/document.ts";
import type { Queryable, Transaction } from "./database.ts";
import { type ChunkDifference, diffChunks, type ExistingChunk, type PreparedChunk } from "./diff-chunks.ts";
import { toStoredDocument } from "./document-rows.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { documentKey, type LockedRow, lockDocuments } from "./lock-documents.ts";
import { addToCounters, type CounterChange } from "./owner-counters.ts";
import { setExpiries } from "./update-documents.ts";
import { deleteChunks, insertChunks, moveChunks, readChunksForUpdate } from "./write-chunks.ts";
import { writeContents } from "./write-contents.ts";

/** A checked document with everything computed that storing it needs. */
export interface PreparedDocument {
  readonly document: NewDocument;
  /** Used if the key is new. */
  readonly documentId: string;
  /** SHA-256 of all that the client gave but the expiry. */
  readonly fingerprint: Buffer;
  readonly language: string;
  readonly textConfig: string;
  readonly sizeBytes: number;
  /** Parents before the leaves that refer to them. */
  readonly chunks: readonly PreparedChunk[];
  readonly segments: readonly { readonly charStart: number; readonly content: string }[];
}

export interface StoreOptions {
  readonly now: Date;
  /** Where vectors of the same model go that came with the documents. */
  readonly table?: EmbeddingTable | undefined;
}

export interface StoreResult {
  readonly document: StoredDocument;
  readonly outcome: "created" | "updated" | "unchanged";
  readonly chunksCreated: number;
  readonly chunksKept: number;
  readonly chunksRemoved: number;
  /** Leaves that were kept and got a job all the same, since another text is embedded for them now. */
  readonly chunksReembedded?: number;
  /** Leaves of a document with new chunks that wait for their vectors, or wait in vain; undefined: not looked at. */
  readonly embeddingsPending?: number | undefined;
}

/**
 * Stores documents, each replacing the one under its key: chunks whose text stays keep their ids and vectors, new ones get an
 * embedding job, unless their vectors came with them. At most ten statements, however many documents and chunks.
 *
 * Row locks are taken in the order of the keys, so that two batches wait for one another but never in a circle.
 *
 * @param documents no key twice.
 * @returns results in the order of `documents`.
 */
export async function storeDocuments(
  transaction: Transaction,
  documents: readonly PreparedDocument[],
  options: StoreOptions,
): Promise<StoreResult[]> {
  const inKeyOrder = [...documents].sort((left, right) => (documentKey(left.document) < documentKey(right.document) ? -1 : 1));
  const { rows: locked, removed } = await lockDocuments(transaction, inKeyOrder, options.now);
  const rowOf = (prepared: PreparedDocument) => requireRow(locked, prepared);
  const isNew = (prepared: PreparedDocument) => rowOf(prepared).document_id === prepared.documentId;
  const others = inKeyOrder.filter((prepared) => !isNew(prepared));
  const changed = new Set(others.filter((prepared) => !rowOf(prepared).fingerprint.equals(prepared.fingerprint)));
  const stored = await readChunksForUpdate(transaction, [...changed].map(rowOf));

  const differences = new Map<PreparedDocument, ChunkDifference>();
  for (const prepared of inKeyOrder) {
    if (!isNew(prepared) && !changed.has(prepared)) continue;
    const before: readonly ExistingChunk[] = stored.get(rowOf(prepared).document_id) ?? [];
    differences.set(prepared, diffChunks(before, prepared.chunks, prepared.textConfig));
  }
  const writes = [...differences].map(([prepared, difference]) => {
    return { prepared, difference, documentId: rowOf(prepared).document_id };
  });
  await deleteChunks(transaction, writes);
  await moveChunks(transaction, writes, options);
  await insertChunks(transaction, writes, options);
  const updated = await writeContents(transaction, {
    created: writes.filter(({ documentId, prepared }) => documentId === prepared.documentId),
    changed: writes.filter(({ documentId, prepared }) => documentId !== prepared.documentId),
    now: options.now,
  });
  const renewed = await renewExpiries(
    transaction,
    others.filter((prepared) => !changed.has(prepared)),
    locked,
    options.now,
  );
  const touched = [...renewed.values()].map((row) => ({ ownerId: row.owner_id, textConfig: "", chunks: 0, tokens: 0 }));
  await addToCounters(transaction, [...removed, ...writes.flatMap(counterChanges), ...touched]);

  return documents.map((prepared) => {
    const difference = differences.get(prepared);
    const before = rowOf(prepared);
    const row = updated.get(before.document_id) ?? renewed.get(before.document_id) ?? before;
    const outcome = isNew(prepared) ? "created" : row === before ? "unchanged" : "updated";
    return {
      document: toStoredDocument(row),
      outcome,
      chunksCreated: countLeaves(difference?.created),
      chunksKept: difference ? countLeaves(difference.kept) : row.chunk_count,
      chunksRemoved: countLeaves(difference?.removed),
      chunksReembedded: difference?.kept.filter(({ isReembedded }) => isReembedded).length ?? 0,
      embeddingsPending: updated.get(before.document_id)?.embeddings_pending,
    };
  });
}

/** Of documents that are stored just so, the rows of those that expire at another time than before. */
async function renewExpiries(
  transaction: Queryable,
  documents: readonly PreparedDocument[],
  locked: ReadonlyMap<string, LockedRow>,
  now: Date,
) {
  const renewed = documents.flatMap((prepared) => {
    const { owner_id: ownerId, document_id: documentId, expires_at: before } = requireRow(locked, prepared);
    const { expiresAt } = prepared.document;
    return before?.getTime() === expiresAt?.getTime() ? [] : [{ ownerId, documentId, expiresAt }];
  });
  return await setExpiries(transaction, renewed, now);
}

function requireRow(rows: ReadonlyMap<string, LockedRow>, prepared: PreparedDocument): LockedRow {
  const row = rows.get(documentKey(prepared.document));
  if (!row) throw new Error(`document "${prepared.document.idAtOrigin}" was neither inserted nor locked`);
  return row;
}

function counterChanges({ prepared, difference }: { prepared: PreparedDocument; difference: ChunkDifference }): CounterChange[] {
  const { ownerId } = prepared.document;
  const created = difference.created
    .filter((chunk) => chunk.level === 0)
    .map((chunk) => ({ ...countsOf(chunk, 1), ownerId, textConfig: prepared.textConfig }));
  const removed = difference.removed
    .filter((chunk) => chunk.level === 0)
    .map((chunk) => ({ ...countsOf(chunk, -1), ownerId, textConfig: chunk.textConfig ?? "simple" }));
  const kept = difference.kept
    .filter((chunk) => chunk.hadPrefix !== (chunk.contextPrefix !== undefined))
    .map((chunk) => ({ chunks: 0, tokens: 0, contexts: chunk.hadPrefix ? -1 : 1, ownerId, textConfig: prepared.textConfig }));
  const changes = [...created, ...removed, ...kept];
  // A changed name or date changes no counts, but answers.
  return changes.length > 0 ? changes : [{ ownerId, textConfig: prepared.textConfig, chunks: 0, tokens: 0 }];
}

function countsOf(chunk: Pick<PreparedChunk, "tokenCount" | "contextPrefix">, sign: 1 | -1) {
  return { chunks: sign, tokens: sign * chunk.tokenCount, contexts: chunk.contextPrefix === undefined ? 0 : sign };
}

function countLeaves(chunks: readonly { level: number }[] = []): number {
  return chunks.reduce((count, chunk) => count + (chunk.level === 0 ? 1 : 0), 0);
}
