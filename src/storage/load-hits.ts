import type { DocumentType, JsonObject } from "../domain/document.ts";
import type { Queryable } from "./database.ts";

/** What a search result shows of a chunk and of its document. */
export interface Hit {
  readonly chunkId: string;
  readonly documentId: string;
  readonly idAtOrigin: string;
  readonly documentName: string;
  readonly documentType: DocumentType;
  readonly documentDate: Date | undefined;
  readonly documentMetadata: JsonObject;
  readonly chunkMetadata: JsonObject;
  readonly content: string;
  readonly chunkIndex: number;
  readonly charStart: number;
  readonly charEnd: number;
}

/** Loads chunks of one owner, by id; those that do not exist are missing from the map. */
export async function loadHits(queryable: Queryable, ownerId: string, chunkIds: readonly string[]): Promise<Map<string, Hit>> {
  const { rows } = await queryable.query<{
    chunk_id: string;
    document_id: string;
    id_at_origin: string;
    document_name: string;
    document_type: DocumentType;
    document_date: Date | null;
    document_metadata: JsonObject;
    chunk_metadata: JsonObject;
    content: string;
    chunk_index: number;
    char_start: number;
    char_end: number;
  }>(
    "load_hits",
    // The primary keys serve it; materialized, since without statistics the planner began with all documents of the owner.
    `with c as materialized (
       select owner_id, chunk_id, document_id, metadata, content, chunk_index, char_start, char_end
       from document_chunks
       where owner_id = $1 and chunk_id = any($2::uuid[]))
     select c.chunk_id, c.document_id, d.id_at_origin, d.document_name, d.document_type, d.document_date, d.metadata as document_metadata,
            c.metadata as chunk_metadata, c.content, c.chunk_index, c.char_start, c.char_end
     from c
     join documents d on d.owner_id = c.owner_id and d.document_id = c.document_id`,
    [ownerId, chunkIds],
  );
  return new Map(
    rows.map((row) => [
      row.chunk_id,
      {
        chunkId: row.chunk_id,
        documentId: row.document_id,
        idAtOrigin: row.id_at_origin,
        documentName: row.document_name,
        documentType: row.document_type,
        documentDate: row.document_date ?? undefined,
        documentMetadata: row.document_metadata,
        chunkMetadata: row.chunk_metadata,
        content: row.content,
        chunkIndex: row.chunk_index,
        charStart: row.char_start,
        charEnd: row.char_end,
      },
    ]),
  );
}
