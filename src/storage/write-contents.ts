import type { Queryable } from "./database.ts";
import { type DocumentRow, documentColumns } from "./document-rows.ts";
import type { DocumentWrite } from "./write-chunks.ts";

/**
 * Writes the texts of new and changed documents, and the rows of changed ones.
 *
 * @returns the new rows of changed documents, by document id.
 */
export async function writeContents(
  transaction: Queryable,
  writes: { created: readonly DocumentWrite[]; changed: readonly DocumentWrite[]; now: Date },
): Promise<Map<string, DocumentRow>> {
  const { created, changed, now } = writes;
  const segments = [...created, ...changed].flatMap(({ prepared, documentId }) =>
    prepared.segments.map((segment, index) => ({ ownerId: prepared.document.ownerId, documentId, index, ...segment })),
  );
  if (segments.length === 0) return new Map();
  const column = <T>(value: (write: DocumentWrite) => T) => changed.map(value);
  const { rows } = await transaction.query<DocumentRow>(
    "write_contents",
    `with segments as (
       insert into document_contents as s (owner_id, document_id, segment, char_start, content)
       select * from unnest($1::text[], $2::uuid[], $3::integer[], $4::integer[], $5::text[])
       on conflict (owner_id, document_id, segment) do update
       set char_start = excluded.char_start, content = excluded.content),
     changed as (
       select * from unnest($6::text[], $7::uuid[], $8::text[], $9::text[], $10::timestamptz[], $11::jsonb[], $12::text[], $13::bytea[],
         $14::integer[], $15::bigint[], $16::integer[])
         as n (owner_id, document_id, document_name, document_type, document_date, metadata, language, fingerprint, chunk_count,
           size_bytes, segment_count)),
     surplus as (
       delete from document_contents s
       using changed n
       where s.owner_id = n.owner_id and s.document_id = n.document_id and s.segment >= n.segment_count)
     update documents d
     set document_name = n.document_name, document_type = n.document_type, document_date = n.document_date, metadata = n.metadata,
         language = n.language, fingerprint = n.fingerprint, chunk_count = n.chunk_count, size_bytes = n.size_bytes,
         version = d.version + 1, updated_at = greatest($17::timestamptz, d.updated_at)
     from changed n
     where d.owner_id = n.owner_id and d.document_id = n.document_id
     returning ${documentColumns}`,
    [
      segments.map((segment) => segment.ownerId),
      segments.map((segment) => segment.documentId),
      segments.map((segment) => segment.index),
      segments.map((segment) => segment.charStart),
      segments.map((segment) => segment.content),
      column(({ prepared }) => prepared.document.ownerId),
      column(({ documentId }) => documentId),
      column(({ prepared }) => prepared.document.documentName),
      column(({ prepared }) => prepared.document.documentType),
      column(({ prepared }) => prepared.document.documentDate),
      column(({ prepared }) => JSON.stringify(prepared.document.metadata)),
      column(({ prepared }) => prepared.language),
      column(({ prepared }) => prepared.fingerprint),
      column(({ prepared }) => prepared.chunks.filter((chunk) => chunk.level === 0).length),
      column(({ prepared }) => prepared.sizeBytes),
      column(({ prepared }) => prepared.segments.length),
      now,
    ],
  );
  return new Map(rows.map((row) => [row.document_id, row]));
}
