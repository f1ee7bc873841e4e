import type { DocumentType, JsonObject, StoredDocument } from "../domain/document.ts";

/** Columns of a `StoredDocument`, for a select over `documents d`. */
export const documentColumns = `d.owner_id, d.document_id, d.id_at_origin, d.document_name, d.document_type, d.document_date, d.metadata,
  d.language, d.chunk_count, d.size_bytes, d.version, d.created_at, d.updated_at, d.expires_at`;

export interface DocumentRow {
  owner_id: string;
  document_id: string;
  id_at_origin: string;
  document_name: string;
  document_type: DocumentType;
  document_date: Date | null;
  metadata: JsonObject;
  language: string;
  chunk_count: number;
  /** The driver gives bigint as text. */
  size_bytes: string;
  version: number;
  created_at: Date;
  updated_at: Date;
  expires_at: Date | null;
}

export function toStoredDocument(row: DocumentRow): StoredDocument {
  return {
    ownerId: row.owner_id,
    documentId: row.document_id,
    idAtOrigin: row.id_at_origin,
    documentName: row.document_name,
    documentType: row.document_type,
    documentDate: row.document_date ?? undefined,
    metadata: row.metadata,
    language: row.language,
    chunkCount: row.chunk_count,
    sizeBytes: Number(row.size_bytes),
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at ?? undefined,
  };
}
