import type { DocumentChanges, StoredDocument } from "../domain/document.ts";
import type { Queryable } from "./database.ts";
import { type DocumentRow, documentColumns, toStoredDocument } from "./document-rows.ts";

/**
 * Writes new facts of a document whose row the transaction holds, with a new version.
 *
 * Its fingerprint is void then, unless only the expiry changes, which is no part of it: were the same document added once more, it would
 * be taken for unchanged, and these facts would stay.
 *
 * @param changes those that differ from what is stored.
 */
export async function updateDocument(
  transaction: Queryable,
  document: StoredDocument,
  changes: DocumentChanges,
  now: Date,
): Promise<StoredDocument> {
  const { documentName, documentDate, metadata, expiresAt } = { ...document, ...changes };
  const isFingerprintVoid = "documentName" in changes || "documentDate" in changes || "metadata" in changes;
  const { rows } = await transaction.query<DocumentRow>(
    "update_document",
    `update documents d
     set document_name = $3, document_date = $4, metadata = $5, expires_at = $6,
         fingerprint = case when $7 then ''::bytea else d.fingerprint end,
         version = d.version + 1, updated_at = greatest($8::timestamptz, d.updated_at)
     where d.owner_id = $1 and d.document_id = $2
     returning ${documentColumns}`,
    [
      document.ownerId,
      document.documentId,
      documentName,
      documentDate,
      JSON.stringify(metadata),
      expiresAt,
      isFingerprintVoid,
      now,
    ],
  );
  const [row] = rows;
  if (!row) throw new Error(`document ${document.documentId} was locked and is gone`);
  return toStoredDocument(row);
}

/**
 * Sets when documents expire whose rows the transaction holds, and nothing else of them, with a new version of each.
 *
 * @returns the new rows by document id.
 */
export async function setExpiries(
  transaction: Queryable,
  documents: readonly { readonly ownerId: string; readonly documentId: string; readonly expiresAt: Date | undefined }[],
  now: Date,
): Promise<Map<string, DocumentRow>> {
  if (documents.length === 0) return new Map();
  const { rows } = await transaction.query<DocumentRow>(
    "set_expiries",
    `update documents d
     set expires_at = k.expires_at, version = d.version + 1, updated_at = greatest($4::timestamptz, d.updated_at)
     from unnest($1::text[], $2::uuid[], $3::timestamptz[]) as k (owner_id, document_id, expires_at)
     where d.owner_id = k.owner_id and d.document_id = k.document_id
     returning ${documentColumns}`,
    [
      documents.map(({ ownerId }) => ownerId),
      documents.map(({ documentId }) => documentId),
      documents.map(({ expiresAt }) => expiresAt),
      now,
    ],
  );
  return new Map(rows.map((row) => [row.document_id, row]));
}
