import { type ChunkRow, chunkColumns, type StoredChunk, textOfChunk, toStoredChunk } from "./chunk-rows.ts";
import type { Queryable } from "./database.ts";

/** A chunk with its text. */
export type ChunkWithText = StoredChunk & { readonly content: string };

/**
 * Chunks of an owner by their ids, leaves and parents, by id; those that do not exist, or whose document has expired by `now`, are missing.
 * Parents' texts are cut out of the document's.
 */
export async function readChunksById(
  queryable: Queryable,
  ownerId: string,
  chunkIds: readonly string[],
  now: Date,
): Promise<Map<string, ChunkWithText>> {
  const { rows } = await queryable.query<ChunkRow>(
    "read_chunks_by_id",
    // The primary keys of document_chunks and document_contents, documents_of_owner_by_expiry
    `select ${chunkColumns}, coalesce(c.content, t.content) as content
     from document_chunks c
     left join lateral (${textOfChunk("c")}) as t on c.content is null
     where c.owner_id = $1 and c.chunk_id = any($2::uuid[])
       and c.document_id not in (select d.document_id from documents d where d.owner_id = $1 and d.expires_at <= $3)`,
    [ownerId, chunkIds, now],
  );
  return new Map(rows.map((row) => [row.chunk_id, withText(row)]));
}

/** The leaves of a document whose indexes are in a range, `indexEnd` aside, in order. */
export async function readLeavesBetween(
  queryable: Queryable,
  document: { ownerId: string; documentId: string },
  range: { indexStart: number; indexEnd: number },
): Promise<ChunkWithText[]> {
  const { rows } = await queryable.query<ChunkRow>(
    "read_leaves_between",
    // document_chunks_by_document
    `select ${chunkColumns}, c.content
     from document_chunks c
     where c.owner_id = $1 and c.document_id = $2 and c.chunk_level = 0 and c.chunk_index >= $3 and c.chunk_index < $4
     order by c.chunk_index`,
    [document.ownerId, document.documentId, range.indexStart, range.indexEnd],
  );
  return rows.map(withText);
}

/** The leaves around leaves of any documents: `window` on each side, and these themselves; each once, in no order. */
export async function readLeavesAround(
  queryable: Queryable,
  ownerId: string,
  leaves: readonly { readonly documentId: string; readonly index: number }[],
  window: number,
): Promise<ChunkWithText[]> {
  const { rows } = await queryable.query<ChunkRow>(
    "read_leaves_around",
    // document_chunks_by_document, once per place: windows overlap.
    `select ${chunkColumns}, c.content
     from (
       select distinct k.document_id, k.chunk_index + step as chunk_index
       from unnest($2::uuid[], $3::integer[]) as k (document_id, chunk_index)
       cross join generate_series(-$4::integer, $4::integer) as step) as place
     join document_chunks c on c.owner_id = $1 and c.document_id = place.document_id and c.chunk_level = 0
       and c.chunk_index = place.chunk_index`,
    [ownerId, leaves.map((leaf) => leaf.documentId), leaves.map((leaf) => leaf.index), window],
  );
  return rows.map(withText);
}

function withText(row: ChunkRow): ChunkWithText {
  return { ...toStoredChunk(row), content: row.content ?? "" };
}
