import { byteaArray, integerArray, jsonArray, textArray, uuidArray } from "./array-parameters.ts";
import type { Queryable } from "./database.ts";
import { deleteLockedDocuments } from "./delete-documents.ts";
import { type DocumentRow, documentColumns } from "./document-rows.ts";
import type { CounterChange } from "./owner-counters.ts";
import type { PreparedDocument } from "./store-documents.ts";

export type LockedRow = DocumentRow & { readonly fingerprint: Buffer };

/** The rows of documents that a transaction holds, by `documentKey`. */
export interface LockedDocuments {
  /** New ones have the id that their document was prepared with. */
  readonly rows: ReadonlyMap<string, LockedRow>;
  /** What expired documents that gave way take off the owners' counters. */
  readonly removed: readonly CounterChange[];
}

/**
 * Inserts the rows of documents whose keys are new, and locks the others as they are. What has expired by `now` is deleted first: to its
 * client it is gone.
 *
 * @param documents in the order in which every writer takes them; no key twice.
 */
export async function lockDocuments(
  transaction: Queryable,
  documents: readonly PreparedDocument[],
  now: Date,
): Promise<LockedDocuments> {
  const rows = await insertOrLock(transaction, documents, now);
  const expired = documents.flatMap((prepared) => {
    const row = rows.get(documentKey(prepared.document));
    return row?.expires_at && row.expires_at <= now ? [{ prepared, row }] : [];
  });
  if (expired.length === 0) return { rows, removed: [] };
  const removed = await deleteLockedDocuments(
    transaction,
    expired.map(({ row }) => ({ ownerId: row.owner_id, documentId: row.document_id })),
  );
  const replaced = await insertOrLock(
    transaction,
    expired.map(({ prepared }) => prepared),
    now,
  );
  return { rows: new Map([...rows, ...replaced]), removed };
}

/** A key of both parts; owners hold no NUL. */
export function documentKey(document: { ownerId: string; idAtOrigin: string }): string {
  return `${document.ownerId}\0${document.idAtOrigin}`;
}

async function insertOrLock(
  transaction: Queryable,
  documents: readonly PreparedDocument[],
  now: Date,
): Promise<Map<string, LockedRow>> {
  const column = <T>(value: (prepared: PreparedDocument) => T) => documents.map(value);
  const { rows } = await transaction.query<LockedRow>(
    "insert_documents",
    // documents_owner_id_id_at_origin_key. Setting a column to what it is locks a row that is there and gives it back, in one statement
    // and one order with the new ones.
    `insert into documents as d (owner_id, document_id, id_at_origin, document_name, document_type, document_date, expires_at, metadata,
       language, fingerprint, chunk_count, size_bytes, version, created_at, updated_at)
     select n.*, 1, $13, $13
     from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::jsonb[],
       $9::text[], $10::bytea[], $11::integer[], $12::bigint[]) as n
     on conflict (owner_id, id_at_origin) do update set version = d.version
     returning ${documentColumns}, d.fingerprint`,
    [
      textArray(column((prepared) => prepared.document.ownerId)),
      uuidArray(column((prepared) => prepared.documentId)),
      textArray(column((prepared) => prepared.document.idAtOrigin)),
      textArray(column((prepared) => prepared.document.documentName)),
      textArray(column((prepared) => prepared.document.documentType)),
      column((prepared) => prepared.document.documentDate),
      column((prepared) => prepared.document.expiresAt),
      jsonArray(column((prepared) => JSON.stringify(prepared.document.metadata))),
      textArray(column((prepared) => prepared.language)),
      byteaArray(column((prepared) => prepared.fingerprint)),
      integerArray(column((prepared) => prepared.chunks.reduce((count, chunk) => count + (chunk.level === 0 ? 1 : 0), 0))),
      column((prepared) => prepared.sizeBytes),
      now,
    ],
  );
  return new Map(rows.map((row) => [documentKey({ ownerId: row.owner_id, idAtOrigin: row.id_at_origin }), row]));
}
