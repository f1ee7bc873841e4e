import type { Queryable } from "./database.ts";
import type { ChunkDifference, ExistingChunk, PreparedChunk } from "./diff-chunks.ts";
import type { DocumentRow } from "./document-rows.ts";
import { indexText, needsIndexText } from "./index-text.ts";
import type { PreparedDocument } from "./store-documents.ts";

/** What one document's chunks become. */
export interface DocumentWrite {
  readonly prepared: PreparedDocument;
  readonly documentId: string;
  readonly difference: ChunkDifference;
}

/** The stored chunks of documents whose rows the transaction holds, by document id. */
export async function readChunksForUpdate(
  transaction: Queryable,
  documents: readonly DocumentRow[],
): Promise<Map<string, ExistingChunk[]>> {
  const byDocument = new Map<string, ExistingChunk[]>();
  if (documents.length === 0) return byDocument;
  const { rows } = await transaction.query<{
    document_id: string;
    chunk_id: string;
    chunk_level: number;
    content_hash: Buffer;
    text_config: string | null;
    token_count: number;
  }>(
    "read_chunks_for_update",
    // document_chunks_by_document
    `select document_id, chunk_id, chunk_level, content_hash, text_config, token_count
     from document_chunks
     join unnest($1::text[], $2::uuid[]) as k (owner_id, document_id) using (owner_id, document_id)
     order by document_id, chunk_level, chunk_index`,
    [documents.map((row) => row.owner_id), documents.map((row) => row.document_id)],
  );
  for (const row of rows) {
    const chunk = {
      chunkId: row.chunk_id,
      level: row.chunk_level,
      contentHash: row.content_hash,
      textConfig: row.text_config,
      tokenCount: row.token_count,
    };
    const chunks = byDocument.get(row.document_id);
    if (chunks) chunks.push(chunk);
    else byDocument.set(row.document_id, [chunk]);
  }
  return byDocument;
}

/** Deletes the chunks that are gone; their vectors go with them by foreign key, their jobs in the same statement. */
export async function deleteChunks(transaction: Queryable, writes: readonly DocumentWrite[]): Promise<void> {
  const removed = writes.flatMap(({ prepared, difference }) =>
    difference.removed.map((chunk) => ({ ownerId: prepared.document.ownerId, chunkId: chunk.chunkId })),
  );
  if (removed.length === 0) return;
  await transaction.query(
    "delete_chunks",
    `with removed as (
       delete from document_chunks c
       using unnest($1::text[], $2::uuid[]) as k (owner_id, chunk_id)
       where c.owner_id = k.owner_id and c.chunk_id = k.chunk_id
       returning c.owner_id, c.chunk_id)
     delete from embedding_jobs j
     using removed
     where j.owner_id = removed.owner_id and j.chunk_id = removed.chunk_id`,
    [removed.map((row) => row.ownerId), removed.map((row) => row.chunkId)],
  );
}

/** Gives kept chunks their place in the new text. */
export async function moveChunks(transaction: Queryable, writes: readonly DocumentWrite[]): Promise<void> {
  const moved = rowsOf(writes, (difference) => difference.kept);
  if (moved.length === 0) return;
  await transaction.query(
    "move_chunks",
    `update document_chunks c
     set parent_chunk_id = k.parent_chunk_id, chunk_index = k.chunk_index, char_start = k.char_start, char_end = k.char_end,
         metadata = k.metadata
     from unnest($1::text[], $2::uuid[], $3::uuid[], $4::integer[], $5::integer[], $6::integer[], $7::jsonb[])
       as k (owner_id, chunk_id, parent_chunk_id, chunk_index, char_start, char_end, metadata)
     where c.owner_id = k.owner_id and c.chunk_id = k.chunk_id
       and (c.parent_chunk_id, c.chunk_index, c.char_start, c.char_end, c.metadata)
         is distinct from (k.parent_chunk_id, k.chunk_index, k.char_start, k.char_end, k.metadata)`,
    [
      moved.map((row) => row.ownerId),
      moved.map((row) => row.chunk.chunkId),
      moved.map((row) => row.parentId),
      moved.map((row) => row.chunk.index),
      moved.map((row) => row.chunk.charStart),
      moved.map((row) => row.chunk.charEnd),
      moved.map((row) => JSON.stringify(row.chunk.metadata)),
    ],
  );
}

/** Inserts new chunks, and a job for each new leaf. Only the word index takes a text as `indexText` makes it; the chunk's own stays as it came. */
export async function insertChunks(
  transaction: Queryable,
  writes: readonly DocumentWrite[],
  options: { modelId: string; now: Date },
): Promise<void> {
  const created = rowsOf(writes, (difference) => difference.created);
  if (created.length === 0) return;
  await transaction.query(
    "insert_chunks",
    `with created as (
       insert into document_chunks (owner_id, chunk_id, document_id, parent_chunk_id, chunk_level, chunk_index, char_start, char_end,
         token_count, metadata, content, content_hash, text_config, search_vector)
       select n.owner_id, n.chunk_id, n.document_id, n.parent_chunk_id, n.chunk_level, n.chunk_index, n.char_start, n.char_end,
              n.token_count, n.metadata, n.content, n.content_hash, n.text_config,
              to_tsvector(n.text_config::regconfig, coalesce(n.index_text, n.content))
       from unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::smallint[], $6::integer[], $7::integer[], $8::integer[],
         $9::integer[], $10::jsonb[], $11::text[], $12::bytea[], $13::text[], $16::text[])
         as n (owner_id, chunk_id, document_id, parent_chunk_id, chunk_level, chunk_index, char_start, char_end,
           token_count, metadata, content, content_hash, text_config, index_text)
       returning owner_id, chunk_id, chunk_level)
     insert into embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, created_at)
     select owner_id, chunk_id, $14, 'pending', 0, $15, $15
     from created
     where chunk_level = 0`,
    [
      created.map((row) => row.ownerId),
      created.map((row) => row.chunk.chunkId),
      created.map((row) => row.documentId),
      created.map((row) => row.parentId),
      created.map((row) => row.chunk.level),
      created.map((row) => row.chunk.index),
      created.map((row) => row.chunk.charStart),
      created.map((row) => row.chunk.charEnd),
      created.map((row) => row.chunk.tokenCount),
      created.map((row) => JSON.stringify(row.chunk.metadata)),
      created.map((row) => (row.chunk.level === 0 ? row.chunk.content : null)),
      created.map((row) => row.chunk.contentHash),
      created.map((row) => (row.chunk.level === 0 ? row.textConfig : null)),
      options.modelId,
      options.now,
      created.map((row) =>
        row.chunk.level === 0 && needsIndexText(row.chunk.content) ? indexText(row.chunk.content, "document") : null,
      ),
    ],
  );
}

function rowsOf(writes: readonly DocumentWrite[], select: (difference: ChunkDifference) => readonly PreparedChunk[]) {
  return writes.flatMap(({ prepared, documentId, difference }) =>
    select(difference).map((chunk) => ({
      ownerId: prepared.document.ownerId,
      documentId,
      textConfig: prepared.textConfig,
      parentId: chunk.parentIndex === undefined ? null : difference.parentIds[chunk.parentIndex],
      chunk,
    })),
  );
}
