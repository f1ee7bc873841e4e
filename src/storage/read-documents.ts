import type { StoredDocument } from "../domain/document.ts";
import { byteaArray, textArray } from "./array-parameters.ts";
import { type ChunkRow, chunkColumns, type StoredChunk, toStoredChunk } from "./chunk-rows.ts";
import type { Queryable } from "./database.ts";
import { type DocumentRow, documentColumns, toStoredDocument } from "./document-rows.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { liveCondition } from "./filter-sql.ts";

/** How a client names one document of an owner. */
export type DocumentKey =
  | { readonly ownerId: string; readonly documentId: string }
  | { readonly ownerId: string; readonly idAtOrigin: string };

/** The document, or undefined if the owner has none of that key, or it has expired by `now`. */
export async function findDocument(queryable: Queryable, key: DocumentKey, now: Date): Promise<StoredDocument | undefined> {
  const { rows } = await queryable.query<DocumentRow>(
    "find_document",
    `select ${documentColumns} from documents d where d.owner_id = $1 and ${keyCondition(key)} and ${liveCondition("$3")}`,
    [key.ownerId, keyValue(key), now],
  );
  return rows[0] && toStoredDocument(rows[0]);
}

/** The same, locked against other writers until the transaction ends. */
export async function lockDocument(transaction: Queryable, key: DocumentKey, now: Date): Promise<StoredDocument | undefined> {
  const { rows } = await transaction.query<DocumentRow>(
    "lock_document",
    `select ${documentColumns} from documents d where d.owner_id = $1 and ${keyCondition(key)} and ${liveCondition("$3")} for update`,
    [key.ownerId, keyValue(key), now],
  );
  return rows[0] && toStoredDocument(rows[0]);
}

/** Documents whose fingerprint and expiry are the given ones, so that nothing has to be done for them, by key. */
export async function findUnchangedDocuments(
  queryable: Queryable,
  documents: readonly { ownerId: string; idAtOrigin: string; fingerprint: Buffer; expiresAt: Date | undefined }[],
  signal?: AbortSignal,
): Promise<StoredDocument[]> {
  const { rows } = await queryable.query<DocumentRow>(
    "find_unchanged_documents",
    // documents_owner_id_id_at_origin_key
    `select ${documentColumns}
     from documents d
     join unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[]) as k (owner_id, id_at_origin, fingerprint, expires_at)
       using (owner_id, id_at_origin, fingerprint)
     where d.expires_at is not distinct from k.expires_at`,
    [
      textArray(documents.map((key) => key.ownerId)),
      textArray(documents.map((key) => key.idAtOrigin)),
      byteaArray(documents.map((key) => key.fingerprint)),
      documents.map((key) => key.expiresAt),
    ],
    signal,
  );
  return rows.map(toStoredDocument);
}

/** The chunks of a document, parents before leaves, each by index. */
export async function readChunks(
  queryable: Queryable,
  document: { ownerId: string; documentId: string },
  options: { embeddingsOf: EmbeddingTable | undefined },
): Promise<StoredChunk[]> {
  const table = options.embeddingsOf;
  const { rows } = await queryable.query<ChunkRow>(
    "read_chunks",
    // document_chunks_by_document
    `select ${chunkColumns}, c.content, ${table ? "e.embedding::text" : "null"} as embedding
     from document_chunks c
     ${table ? `left join ${table.tableName} e on e.owner_id = c.owner_id and e.chunk_id = c.chunk_id` : ""}
     where c.owner_id = $1 and c.document_id = $2
     order by c.chunk_level desc, c.chunk_index`,
    [document.ownerId, document.documentId],
  );
  return rows.map(toStoredChunk);
}

/** A document's whole text. */
export async function readContent(queryable: Queryable, document: { ownerId: string; documentId: string }): Promise<string> {
  const { rows } = await queryable.query<{ content: string }>(
    "read_content",
    "select content from document_contents where owner_id = $1 and document_id = $2 order by segment",
    [document.ownerId, document.documentId],
  );
  return rows.map((row) => row.content).join("");
}

function keyCondition(key: DocumentKey): string {
  return "documentId" in key ? "d.document_id = $2::uuid" : "d.id_at_origin = $2";
}

function keyValue(key: DocumentKey): string {
  return "documentId" in key ? key.documentId : key.idAtOrigin;
}
