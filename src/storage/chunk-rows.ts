import type { JsonObject } from "../domain/document.ts";

/** A chunk as it is stored; parents have no text of their own. */
export interface StoredChunk {
  readonly chunkId: string;
  readonly documentId: string;
  readonly parentChunkId: string | undefined;
  readonly level: number;
  readonly index: number;
  readonly charStart: number;
  readonly charEnd: number;
  readonly tokenCount: number;
  readonly metadata: JsonObject;
  readonly content: string | undefined;
  readonly contextPrefix: string | undefined;
  readonly summary: string | undefined;
  readonly embedding: number[] | undefined;
}

/** Columns of a `StoredChunk` but its content and its vector, for a select over `document_chunks c`. */
export const chunkColumns =
  "c.chunk_id, c.document_id, c.parent_chunk_id, c.chunk_level, c.chunk_index, c.char_start, c.char_end, c.token_count, c.metadata, c.context_prefix, c.summary";

export interface ChunkRow {
  chunk_id: string;
  document_id: string;
  parent_chunk_id: string | null;
  chunk_level: number;
  chunk_index: number;
  char_start: number;
  char_end: number;
  token_count: number;
  metadata: JsonObject;
  content: string | null;
  context_prefix: string | null;
  summary: string | null;
  /** As text; absent where it was not asked for. */
  embedding?: string | null;
}

/** The text of a chunk, cut out of its document's: a query for `lateral`, where `$1` is the owner. By the primary key of document_contents. */
export function textOfChunk(chunk: string): string {
  return `select string_agg(substr(s.content, greatest(${chunk}.char_start - s.char_start, 0) + 1,
      ${chunk}.char_end - greatest(${chunk}.char_start, s.char_start)), '' order by s.segment) as content
    from document_contents s
    where s.owner_id = $1 and s.document_id = ${chunk}.document_id and s.char_start < ${chunk}.char_end
      and s.segment >= (
        select max(b.segment) from document_contents b
        where b.owner_id = $1 and b.document_id = ${chunk}.document_id and b.char_start <= ${chunk}.char_start)`;
}

export function toStoredChunk(row: ChunkRow): StoredChunk {
  return {
    chunkId: row.chunk_id,
    documentId: row.document_id,
    parentChunkId: row.parent_chunk_id ?? undefined,
    level: row.chunk_level,
    index: row.chunk_index,
    charStart: row.char_start,
    charEnd: row.char_end,
    tokenCount: row.token_count,
    metadata: row.metadata,
    content: row.content ?? undefined,
    contextPrefix: row.context_prefix ?? undefined,
    summary: row.summary ?? undefined,
    embedding: row.embedding ? JSON.parse(row.embedding) : undefined,
  };
}
