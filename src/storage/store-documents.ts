import type { NewDocument, StoredDocument } from "../domain/document.ts";
import { ConflictError } from "../domain/errors.ts";
import type { Queryable } from "./database.ts";
import { type ChunkDifference, diffChunks, type ExistingChunk, type PreparedChunk } from "./diff-chunks.ts";
import { type DocumentRow, documentColumns, toStoredDocument } from "./document-rows.ts";
import { addToCounters, type CounterChange } from "./owner-counters.ts";
import { deleteChunks, insertChunks, moveChunks, readChunksForUpdate } from "./write-chunks.ts";
import { writeContents } from "./write-contents.ts";

/** A checked document with everything computed that storing it needs. */
export interface PreparedDocument {
  readonly document: NewDocument;
  /** Used if the key is new. */
  readonly documentId: string;
  /** SHA-256 of all that the client gave. */
  readonly fingerprint: Buffer;
  readonly language: string;
  readonly textConfig: string;
  readonly sizeBytes: number;
  /** Parents before the leaves that refer to them. */
  readonly chunks: readonly PreparedChunk[];
  readonly segments: readonly { readonly charStart: number; readonly content: string }[];
}

export interface StoreResult {
  readonly document: StoredDocument;
  readonly outcome: "created" | "updated" | "unchanged";
  readonly chunksCreated: number;
  readonly chunksKept: number;
  readonly chunksRemoved: number;
}

/**
 * Stores documents, each replacing the one under its key: chunks whose text stays keep their ids and vectors, new ones get an
 * embedding job. At most ten statements, however many documents and chunks.
 *
 * Row locks are taken in the order of the keys, so that two batches wait for one another but never in a circle.
 *
 * @param documents no key twice.
 * @returns results in the order of `documents`.
 */
export async function storeDocuments(
  transaction: Queryable,
  documents: readonly PreparedDocument[],
  options: { modelId: string; now: Date },
): Promise<StoreResult[]> {
  const inKeyOrder = [...documents].sort((left, right) => (documentKey(left.document) < documentKey(right.document) ? -1 : 1));
  const created = await insertDocuments(transaction, inKeyOrder, options.now);
  const others = inKeyOrder.filter((prepared) => !created.has(documentKey(prepared.document)));
  const existing = await lockDocuments(transaction, others);
  const changed = others.filter((prepared) => !requireRow(existing, prepared).fingerprint.equals(prepared.fingerprint));
  const stored = await readChunksForUpdate(
    transaction,
    changed.map((prepared) => requireRow(existing, prepared)),
  );

  const differences = new Map<PreparedDocument, ChunkDifference>();
  for (const prepared of inKeyOrder) {
    const documentId = existing.get(documentKey(prepared.document))?.document_id;
    if (documentId !== undefined && !changed.includes(prepared)) continue;
    const before: readonly ExistingChunk[] = documentId === undefined ? [] : (stored.get(documentId) ?? []);
    differences.set(prepared, diffChunks(before, prepared.chunks, prepared.textConfig));
  }
  const idOf = (prepared: PreparedDocument) => existing.get(documentKey(prepared.document))?.document_id ?? prepared.documentId;
  const writes = [...differences].map(([prepared, difference]) => ({ prepared, difference, documentId: idOf(prepared) }));
  await deleteChunks(transaction, writes);
  await moveChunks(transaction, writes);
  await insertChunks(transaction, writes, options);
  const updated = await writeContents(transaction, {
    created: writes.filter(({ documentId, prepared }) => documentId === prepared.documentId),
    changed: writes.filter(({ documentId, prepared }) => documentId !== prepared.documentId),
    now: options.now,
  });
  await addToCounters(transaction, writes.flatMap(counterChanges));

  return documents.map((prepared) => {
    const key = documentKey(prepared.document);
    const difference = differences.get(prepared);
    const row = created.get(key) ?? updated.get(idOf(prepared)) ?? requireRow(existing, prepared);
    const outcome = created.has(key) ? "created" : difference ? "updated" : "unchanged";
    return {
      document: toStoredDocument(row),
      outcome,
      chunksCreated: countLeaves(difference?.created),
      chunksKept: difference ? countLeaves(difference.kept) : row.chunk_count,
      chunksRemoved: countLeaves(difference?.removed),
    };
  });
}

type LockedRow = DocumentRow & { fingerprint: Buffer };

async function insertDocuments(
  transaction: Queryable,
  documents: readonly PreparedDocument[],
  now: Date,
): Promise<Map<string, DocumentRow>> {
  const column = <T>(value: (prepared: PreparedDocument) => T) => documents.map(value);
  const { rows } = await transaction.query<DocumentRow>(
    "insert_documents",
    `insert into documents as d (owner_id, document_id, id_at_origin, document_name, document_type, document_date, metadata, language,
       fingerprint, chunk_count, size_bytes, version, created_at, updated_at)
     select n.*, 1, $12, $12
     from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::jsonb[], $8::text[],
       $9::bytea[], $10::integer[], $11::bigint[]) as n
     on conflict (owner_id, id_at_origin) do nothing
     returning ${documentColumns}`,
    [
      column((prepared) => prepared.document.ownerId),
      column((prepared) => prepared.documentId),
      column((prepared) => prepared.document.idAtOrigin),
      column((prepared) => prepared.document.documentName),
      column((prepared) => prepared.document.documentType),
      column((prepared) => prepared.document.documentDate),
      column((prepared) => JSON.stringify(prepared.document.metadata)),
      column((prepared) => prepared.language),
      column((prepared) => prepared.fingerprint),
      column((prepared) => countLeaves(prepared.chunks)),
      column((prepared) => prepared.sizeBytes),
      now,
    ],
  );
  return new Map(rows.map((row) => [rowKey(row), row]));
}

async function lockDocuments(transaction: Queryable, documents: readonly PreparedDocument[]): Promise<Map<string, LockedRow>> {
  if (documents.length === 0) return new Map();
  const { rows } = await transaction.query<LockedRow>(
    "lock_documents",
    // documents_owner_id_id_at_origin_key
    `select ${documentColumns}, d.fingerprint
     from documents d
     join unnest($1::text[], $2::text[]) as k (owner_id, id_at_origin) using (owner_id, id_at_origin)
     order by d.owner_id, d.id_at_origin
     for update of d`,
    [documents.map(({ document }) => document.ownerId), documents.map(({ document }) => document.idAtOrigin)],
  );
  return new Map(rows.map((row) => [rowKey(row), row]));
}

function requireRow(rows: ReadonlyMap<string, LockedRow>, prepared: PreparedDocument): LockedRow {
  const row = rows.get(documentKey(prepared.document));
  // It was there when its key was refused, and was deleted before it could be locked.
  if (!row)
    throw new ConflictError(
      "CONCURRENT_WRITE",
      `document "${prepared.document.idAtOrigin}" was deleted meanwhile; repeat the request`,
    );
  return row;
}

function counterChanges({ prepared, difference }: { prepared: PreparedDocument; difference: ChunkDifference }): CounterChange[] {
  const { ownerId } = prepared.document;
  const created = difference.created
    .filter((chunk) => chunk.level === 0)
    .map((chunk) => ({ ownerId, textConfig: prepared.textConfig, chunks: 1, tokens: chunk.tokenCount }));
  const removed = difference.removed
    .filter((chunk) => chunk.level === 0)
    .map((chunk) => ({ ownerId, textConfig: chunk.textConfig ?? "simple", chunks: -1, tokens: -chunk.tokenCount }));
  const changes = [...created, ...removed];
  // A changed name or date changes no counts, but answers.
  return changes.length > 0 ? changes : [{ ownerId, textConfig: prepared.textConfig, chunks: 0, tokens: 0 }];
}

function countLeaves(chunks: readonly { level: number }[] = []): number {
  return chunks.reduce((count, chunk) => count + (chunk.level === 0 ? 1 : 0), 0);
}

/** A key of both parts; owners hold no NUL. */
function documentKey(document: { ownerId: string; idAtOrigin: string }): string {
  return `${document.ownerId}\0${document.idAtOrigin}`;
}

function rowKey(row: DocumentRow): string {
  return documentKey({ ownerId: row.owner_id, idAtOrigin: row.id_at_origin });
}
