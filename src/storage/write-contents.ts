import { limits } from "../domain/limits.ts";
import { byteaArray, integerArray, jsonArray, textArray, uuidArray } from "./array-parameters.ts";
import { type CopyColumn, copyRows } from "./copy-rows.ts";
import type { Transaction } from "./database.ts";
import { type DocumentRow, documentColumns } from "./document-rows.ts";
import type { DocumentWrite } from "./write-chunks.ts";

/** A changed document, with how many of its leaves wait for their vectors or wait in vain. */
export type ChangedRow = DocumentRow & { readonly embeddings_pending: number };

/**
 * Writes the texts of new and changed documents, and the rows of changed ones; their chunks are written already.
 *
 * @returns the new rows of changed documents, by document id.
 */
export async function writeContents(
  transaction: Transaction,
  writes: { created: readonly DocumentWrite[]; changed: readonly DocumentWrite[]; now: Date },
): Promise<Map<string, ChangedRow>> {
  const { changed, now } = writes;
  const created = segmentsOf(writes.created);
  const isCopied = transaction.copy && created.length >= limits.copiedRowsMin;
  if (transaction.copy && isCopied) {
    await copyRows(transaction.copy, "copy_contents", { table: "document_contents", columns: segmentColumns }, created);
  }
  const segments = [...(isCopied ? [] : created), ...segmentsOf(changed)];
  if (segments.length === 0) return new Map();
  const column = <T>(value: (write: DocumentWrite) => T) => changed.map(value);
  const { rows } = await transaction.query<ChangedRow>(
    "write_contents",
    `with segments as (
       insert into document_contents as s (owner_id, document_id, segment, char_start, content)
       select * from unnest($1::text[], $2::uuid[], $3::integer[], $4::integer[], $5::text[])
       on conflict (owner_id, document_id, segment) do update
       set char_start = excluded.char_start, content = excluded.content),
     changed as (
       select * from unnest($6::text[], $7::uuid[], $8::text[], $9::text[], $10::timestamptz[], $11::jsonb[], $12::text[], $13::bytea[],
         $14::integer[], $15::bigint[], $16::integer[], $18::timestamptz[])
         as n (owner_id, document_id, document_name, document_type, document_date, metadata, language, fingerprint, chunk_count,
           size_bytes, segment_count, expires_at)),
     surplus as (
       delete from document_contents s
       using changed n
       where s.owner_id = n.owner_id and s.document_id = n.document_id and s.segment >= n.segment_count)
     update documents d
     set document_name = n.document_name, document_type = n.document_type, document_date = n.document_date, metadata = n.metadata,
         language = n.language, fingerprint = n.fingerprint, chunk_count = n.chunk_count, size_bytes = n.size_bytes,
         expires_at = n.expires_at,
         version = d.version + 1, updated_at = greatest($17::timestamptz, d.updated_at)
     from changed n
     where d.owner_id = n.owner_id and d.document_id = n.document_id
     returning ${documentColumns},
       (select count(*)::integer
        from document_chunks c
        join embedding_jobs j using (owner_id, chunk_id)
        join embedding_models m on m.model_id = j.model_id and m.state = 'active'
        where c.owner_id = d.owner_id and c.document_id = d.document_id and c.chunk_level = 0) as embeddings_pending`,
    [
      textArray(segments.map((segment) => segment.ownerId)),
      uuidArray(segments.map((segment) => segment.documentId)),
      integerArray(segments.map((segment) => segment.index)),
      integerArray(segments.map((segment) => segment.charStart)),
      textArray(segments.map((segment) => segment.content)),
      textArray(column(({ prepared }) => prepared.document.ownerId)),
      uuidArray(column(({ documentId }) => documentId)),
      textArray(column(({ prepared }) => prepared.document.documentName)),
      textArray(column(({ prepared }) => prepared.document.documentType)),
      column(({ prepared }) => prepared.document.documentDate),
      jsonArray(column(({ prepared }) => JSON.stringify(prepared.document.metadata))),
      textArray(column(({ prepared }) => prepared.language)),
      byteaArray(column(({ prepared }) => prepared.fingerprint)),
      integerArray(column(({ prepared }) => prepared.chunks.filter((chunk) => chunk.level === 0).length)),
      column(({ prepared }) => prepared.sizeBytes),
      integerArray(column(({ prepared }) => prepared.segments.length)),
      now,
      column(({ prepared }) => prepared.document.expiresAt),
    ],
  );
  return new Map(rows.map((row) => [row.document_id, row]));
}

interface Segment {
  readonly ownerId: string;
  readonly documentId: string;
  readonly index: number;
  readonly charStart: number;
  readonly content: string;
}

function segmentsOf(writes: readonly DocumentWrite[]): Segment[] {
  return writes.flatMap(({ prepared, documentId }) =>
    prepared.segments.map((segment, index) => ({ ownerId: prepared.document.ownerId, documentId, index, ...segment })),
  );
}

const segmentColumns: readonly CopyColumn<Segment>[] = [
  { name: "owner_id", write: ({ ownerId }, writer) => writer.text(ownerId) },
  { name: "document_id", write: ({ documentId }, writer) => writer.uuid(documentId) },
  { name: "segment", write: ({ index }, writer) => writer.integer(index) },
  { name: "char_start", write: ({ charStart }, writer) => writer.integer(charStart) },
  { name: "content", write: ({ content }, writer) => writer.text(content) },
];
