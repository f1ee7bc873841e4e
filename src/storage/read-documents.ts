import type { JsonObject, StoredDocument } from "../domain/document.ts";
import type { Queryable } from "./database.ts";
import { type DocumentRow, documentColumns, toStoredDocument } from "./document-rows.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { addToCounters, touchOwners } from "./owner-counters.ts";

/** How a client names one document of an owner. */
export type DocumentKey =
  | { readonly ownerId: string; readonly documentId: string }
  | { readonly ownerId: string; readonly idAtOrigin: string };

/** A chunk as it is stored; parents have no text of their own. */
export interface StoredChunk {
  readonly chunkId: string;
  readonly parentChunkId: string | undefined;
  readonly level: number;
  readonly index: number;
  readonly charStart: number;
  readonly charEnd: number;
  readonly tokenCount: number;
  readonly metadata: JsonObject;
  readonly content: string | undefined;
  readonly embedding: number[] | undefined;
}

/** The document, or undefined if the owner has none of that key. */
export async function findDocument(queryable: Queryable, key: DocumentKey): Promise<StoredDocument | undefined> {
  const { rows } = await queryable.query<DocumentRow>(
    "find_document",
    `select ${documentColumns} from documents d where d.owner_id = $1 and ${keyCondition(key)}`,
    [key.ownerId, keyValue(key)],
  );
  return rows[0] && toStoredDocument(rows[0]);
}

/** Documents whose fingerprint is the given one, so that nothing has to be done for them, by key. */
export async function findUnchangedDocuments(
  queryable: Queryable,
  documents: readonly { ownerId: string; idAtOrigin: string; fingerprint: Buffer }[],
  signal?: AbortSignal,
): Promise<StoredDocument[]> {
  const { rows } = await queryable.query<DocumentRow>(
    "find_unchanged_documents",
    // documents_owner_id_id_at_origin_key
    `select ${documentColumns}
     from documents d
     join unnest($1::text[], $2::text[], $3::bytea[]) as k (owner_id, id_at_origin, fingerprint) using (owner_id, id_at_origin, fingerprint)`,
    [documents.map((key) => key.ownerId), documents.map((key) => key.idAtOrigin), documents.map((key) => key.fingerprint)],
    signal,
  );
  return rows.map(toStoredDocument);
}

/** Deletes a document with its chunks, vectors and jobs; undefined if the owner has none of that key. */
export async function deleteDocument(
  transaction: Queryable,
  key: DocumentKey,
): Promise<{ documentId: string; chunksDeleted: number } | undefined> {
  // The row is locked first, as writers do, so that a concurrent replacement is deleted whole.
  const { rows: locked } = await transaction.query<{ document_id: string }>(
    "lock_document",
    `select d.document_id from documents d where d.owner_id = $1 and ${keyCondition(key)} for update`,
    [key.ownerId, keyValue(key)],
  );
  const documentId = locked[0]?.document_id;
  if (documentId === undefined) return undefined;
  const { rows } = await transaction.query<{ text_config: string; chunks: number; tokens: number }>(
    "delete_document_chunks",
    `with gone as (
       delete from document_chunks
       where owner_id = $1 and document_id = $2
       returning owner_id, chunk_id, chunk_level, text_config, token_count),
     jobs as (
       delete from embedding_jobs j
       using gone
       where j.owner_id = gone.owner_id and j.chunk_id = gone.chunk_id)
     select text_config, count(*)::integer as chunks, sum(token_count)::integer as tokens
     from gone
     where chunk_level = 0
     group by text_config`,
    [key.ownerId, documentId],
  );
  await transaction.query("delete_document", "delete from documents where owner_id = $1 and document_id = $2", [
    key.ownerId,
    documentId,
  ]);
  if (rows.length === 0) await touchOwners(transaction, [key.ownerId]);
  await addToCounters(
    transaction,
    rows.map((row) => ({ ownerId: key.ownerId, textConfig: row.text_config, chunks: -row.chunks, tokens: -row.tokens })),
  );
  return { documentId, chunksDeleted: rows.reduce((sum, row) => sum + row.chunks, 0) };
}

/** The chunks of a document, parents before leaves, each by index. */
export async function readChunks(
  queryable: Queryable,
  document: { ownerId: string; documentId: string },
  options: { embeddingsOf: EmbeddingTable | undefined },
): Promise<StoredChunk[]> {
  const table = options.embeddingsOf;
  const { rows } = await queryable.query<{
    chunk_id: string;
    parent_chunk_id: string | null;
    chunk_level: number;
    chunk_index: number;
    char_start: number;
    char_end: number;
    token_count: number;
    metadata: JsonObject;
    content: string | null;
    embedding: string | null;
  }>(
    "read_chunks",
    // document_chunks_by_document
    `select c.chunk_id, c.parent_chunk_id, c.chunk_level, c.chunk_index, c.char_start, c.char_end, c.token_count, c.metadata, c.content,
            ${table ? "e.embedding::text" : "null"} as embedding
     from document_chunks c
     ${table ? `left join ${table.tableName} e on e.owner_id = c.owner_id and e.chunk_id = c.chunk_id` : ""}
     where c.owner_id = $1 and c.document_id = $2
     order by c.chunk_level desc, c.chunk_index`,
    [document.ownerId, document.documentId],
  );
  return rows.map((row) => ({
    chunkId: row.chunk_id,
    parentChunkId: row.parent_chunk_id ?? undefined,
    level: row.chunk_level,
    index: row.chunk_index,
    charStart: row.char_start,
    charEnd: row.char_end,
    tokenCount: row.token_count,
    metadata: row.metadata,
    content: row.content ?? undefined,
    embedding: row.embedding === null ? undefined : JSON.parse(row.embedding),
  }));
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
