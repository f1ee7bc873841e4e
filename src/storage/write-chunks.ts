import { limits } from "../domain/limits.ts";
import { activeTraceparent } from "../observability/tracing.ts";
import { byteaArray, integerArray, jsonArray, textArray, tsvectorArray, uuidArray } from "./array-parameters.ts";
import type { Queryable, Transaction } from "./database.ts";
import type { ChunkDifference, ExistingChunk, PreparedChunk } from "./diff-chunks.ts";
import type { DocumentRow } from "./document-rows.ts";
import { copyGivenVectors, givenVectors, givenVectorsOf } from "./given-vectors.ts";
import { indexText, needsIndexText } from "./index-text.ts";
import { slicesByText } from "./slices-by-text.ts";
import type { PreparedDocument, StoreOptions } from "./store-documents.ts";

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
    context_prefix: string | null;
  }>(
    "read_chunks_for_update",
    // document_chunks_by_document
    `select document_id, chunk_id, chunk_level, content_hash, text_config, token_count, context_prefix
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
      contextPrefix: row.context_prefix ?? undefined,
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

/**
 * Gives kept chunks their place in the new text, and what is made beside it. One whose vector is of another text than is embedded now
 * gets a job, and keeps its vector until that is done.
 */
export async function moveChunks(transaction: Queryable, writes: readonly DocumentWrite[], options: StoreOptions): Promise<void> {
  const moved = rowsOf(writes, (difference) => difference.kept);
  if (moved.length === 0) return;
  await transaction.query(
    "move_chunks",
    `with k as (
       select *
       from unnest($1::text[], $2::uuid[], $3::uuid[], $4::integer[], $5::integer[], $6::integer[], $7::jsonb[], $8::text[], $9::text[],
         $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[])
         as k (owner_id, chunk_id, parent_chunk_id, chunk_index, char_start, char_end, metadata, context_prefix, context_text,
           context_model, summary, summary_model, text_config, is_reembedded)),
     moved as (
       update document_chunks c
       set parent_chunk_id = k.parent_chunk_id, chunk_index = k.chunk_index, char_start = k.char_start, char_end = k.char_end,
           metadata = k.metadata, context_prefix = k.context_prefix,
           context_vector = to_tsvector(k.text_config::regconfig, coalesce(k.context_text, k.context_prefix)),
           context_model = k.context_model, summary = k.summary, summary_model = k.summary_model
       from k
       where c.owner_id = k.owner_id and c.chunk_id = k.chunk_id
         and (c.parent_chunk_id, c.chunk_index, c.char_start, c.char_end, c.metadata, c.context_prefix, c.context_model, c.summary,
             c.summary_model)
           is distinct from (k.parent_chunk_id, k.chunk_index, k.char_start, k.char_end, k.metadata, k.context_prefix, k.context_model,
             k.summary, k.summary_model))
     insert into embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, created_at, traceparent)
     select k.owner_id, k.chunk_id, m.model_id, 'pending', 0, $15, $15, $16
     from k
     cross join embedding_models m
     where k.is_reembedded and m.state <> 'dropping'
     on conflict (owner_id, chunk_id, model_id) do update
     -- Without its lease, a worker that embeds the old text stores nothing.
     set state = 'pending', attempts = 0, available_at = excluded.available_at, lease_id = null, last_error = null,
         traceparent = excluded.traceparent`,
    [
      moved.map((row) => row.ownerId),
      moved.map((row) => row.chunk.chunkId),
      moved.map((row) => row.parentId),
      moved.map((row) => row.chunk.index),
      moved.map((row) => row.chunk.charStart),
      moved.map((row) => row.chunk.charEnd),
      moved.map((row) => JSON.stringify(row.chunk.metadata)),
      ...enrichmentColumns(moved.map((row) => row.chunk)),
      moved.map((row) => row.textConfig),
      moved.map((row) => row.chunk.isReembedded),
      options.now,
      activeTraceparent() ?? null,
    ],
  );
}

/** The prefix, its words as the index takes them if they are others, who wrote it; the summary, and who wrote that. */
function enrichmentColumns(chunks: readonly PreparedChunk[]): (string | undefined)[][] {
  return [
    chunks.map((chunk) => chunk.contextPrefix),
    chunks.map(({ contextPrefix }) =>
      contextPrefix !== undefined && needsIndexText(contextPrefix) ? indexText(contextPrefix, "document") : undefined,
    ),
    chunks.map((chunk) => chunk.contextModel),
    chunks.map((chunk) => chunk.summary),
    chunks.map((chunk) => chunk.summaryModel),
  ];
}

/**
 * Inserts new chunks with the vectors that clients gave for them, and for chunks that stay, and a job for each new leaf without one. Only
 * the word index takes a text as `indexText` makes it; the chunk's own stays as it came.
 */
export async function insertChunks(
  transaction: Transaction,
  writes: readonly DocumentWrite[],
  options: StoreOptions,
): Promise<void> {
  const created = rowsOf(writes, (difference) => difference.created);
  const vectors = givenVectorsOf(writes);
  if (created.length === 0 && vectors.length === 0) return;
  const { copy } = transaction;
  const copied = copy && vectors.length >= limits.copiedRowsMin ? vectors.filter((vector) => vector.isOfNewChunk) : [];
  const given = givenVectors(vectors, new Set(copied), options.table, 22);
  // Vectors refer to chunks of the whole batch. They leave less room for text in a request, too.
  for (const rows of vectors.length > 0 ? [created] : slicesByText(created))
    await insertRows(transaction, rows, given, options.now);
  if (copy && options.table) await copyGivenVectors(copy, copied, options.table);
}

type NewRow = ReturnType<typeof rowsOf>[number];

async function insertRows(
  transaction: Queryable,
  created: readonly NewRow[],
  given: ReturnType<typeof givenVectors>,
  now: Date,
): Promise<void> {
  await transaction.query(
    "insert_chunks",
    `with created as (
       insert into document_chunks (owner_id, chunk_id, document_id, parent_chunk_id, chunk_level, chunk_index, char_start, char_end,
         token_count, metadata, content, content_hash, text_config, search_vector, context_prefix, context_vector, context_model, summary,
         summary_model)
       select n.owner_id, n.chunk_id, n.document_id, n.parent_chunk_id, n.chunk_level, n.chunk_index, n.char_start, n.char_end,
              n.token_count, n.metadata, n.content, n.content_hash, n.text_config,
              coalesce(n.words, to_tsvector(n.text_config::regconfig, coalesce(n.index_text, n.content))), n.context_prefix,
              to_tsvector(n.text_config::regconfig, coalesce(n.context_text, n.context_prefix)), n.context_model, n.summary, n.summary_model
       from unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::smallint[], $6::integer[], $7::integer[], $8::integer[],
         $9::integer[], $10::jsonb[], $11::text[], $12::bytea[], $13::text[], $15::text[], $16::text[], $17::text[], $18::text[],
         $19::text[], $20::text[], $22::tsvector[])
         as n (owner_id, chunk_id, document_id, parent_chunk_id, chunk_level, chunk_index, char_start, char_end,
           token_count, metadata, content, content_hash, text_config, index_text, context_prefix, context_text, context_model, summary,
           summary_model, words)
       returning owner_id, chunk_id, chunk_level)${given.clauses}
     insert into embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, created_at, traceparent)
     select owner_id, chunk_id, m.model_id, 'pending', 0, $14, $14, $21
     from created
     cross join embedding_models m
     where chunk_level = 0 and m.state <> 'dropping'${given.condition}`,
    [
      textArray(created.map((row) => row.ownerId)),
      uuidArray(created.map((row) => row.chunk.chunkId)),
      uuidArray(created.map((row) => row.documentId)),
      uuidArray(created.map((row) => row.parentId)),
      created.map((row) => row.chunk.level),
      integerArray(created.map((row) => row.chunk.index)),
      integerArray(created.map((row) => row.chunk.charStart)),
      integerArray(created.map((row) => row.chunk.charEnd)),
      integerArray(created.map((row) => row.chunk.tokenCount)),
      jsonArray(created.map((row) => JSON.stringify(row.chunk.metadata))),
      textArray(created.map((row) => (row.chunk.level === 0 ? row.chunk.content : null))),
      byteaArray(created.map((row) => row.chunk.contentHash)),
      textArray(created.map((row) => (row.chunk.level === 0 ? row.textConfig : null))),
      now,
      textArray(
        created.map((row) =>
          row.chunk.level === 0 && !row.chunk.wordVector && needsIndexText(row.chunk.content)
            ? indexText(row.chunk.content, "document")
            : null,
        ),
      ),
      ...enrichmentColumns(created.map((row) => row.chunk)),
      activeTraceparent() ?? null,
      tsvectorArray(created.map((row) => row.chunk.wordVector)),
      ...given.values,
    ],
  );
}

function rowsOf<Chunk extends PreparedChunk>(
  writes: readonly DocumentWrite[],
  select: (difference: ChunkDifference) => readonly Chunk[],
) {
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
