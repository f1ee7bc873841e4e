import type { DocumentType, JsonObject } from "../domain/document.ts";
import { uuidArray } from "./array-parameters.ts";
import { textOfChunk } from "./chunk-rows.ts";
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
  readonly summary: string | undefined;
  readonly chunkIndex: number;
  readonly charStart: number;
  readonly charEnd: number;
  readonly documentCreatedAt: Date;
  readonly parentChunkId: string | undefined;
}

/** A piece of the document around a hit. */
export interface ContextChunk {
  readonly relation: "parent" | "neighbor";
  readonly chunkId: string;
  readonly chunkIndex: number;
  readonly content: string;
  readonly charStart: number;
  readonly charEnd: number;
}

export interface LoadedHits {
  /** By chunk id. */
  readonly hits: ReadonlyMap<string, Hit>;
  /** The owner's writes so far: see `SearchFacts`. */
  readonly writes: bigint;
}

/** Loads chunks of one owner, by id; those that do not exist are missing. */
export async function loadHits(queryable: Queryable, ownerId: string, chunkIds: readonly string[]): Promise<LoadedHits> {
  const { rows } = await queryable.query<{
    writes: string;
    /** Null in the one row that is there where no chunk is. */
    chunk_id: string | null;
    document_id: string;
    id_at_origin: string;
    document_name: string;
    document_type: DocumentType;
    document_date: Date | null;
    document_metadata: JsonObject;
    chunk_metadata: JsonObject;
    content: string;
    summary: string | null;
    chunk_index: number;
    char_start: number;
    char_end: number;
    document_created_at: Date;
    parent_chunk_id: string | null;
  }>(
    "load_hits",
    // The primary keys; materialized and limited, since the planner otherwise began with all documents of the owner.
    `with c as materialized (
       select owner_id, chunk_id, parent_chunk_id, document_id, metadata, content, summary, chunk_index, char_start, char_end
       from document_chunks
       where owner_id = $1 and chunk_id = any($2::uuid[]))
     select v.writes, c.chunk_id, c.document_id, d.id_at_origin, d.document_name, d.document_type, d.document_date,
            d.metadata as document_metadata, c.metadata as chunk_metadata, c.content, c.summary, c.chunk_index, c.char_start, c.char_end,
            d.created_at as document_created_at, c.parent_chunk_id
     from (select coalesce(sum(version), 0) as writes from owner_counters where owner_id = $1) as v
     left join (c
                cross join lateral (select * from documents where owner_id = c.owner_id and document_id = c.document_id limit 1) as d)
       on true`,
    [ownerId, uuidArray(chunkIds)],
  );
  const hits = new Map<string, Hit>();
  for (const { chunk_id: chunkId, ...row } of rows) {
    if (chunkId === null) continue;
    hits.set(chunkId, {
      chunkId,
      documentId: row.document_id,
      idAtOrigin: row.id_at_origin,
      documentName: row.document_name,
      documentType: row.document_type,
      documentDate: row.document_date ?? undefined,
      documentMetadata: row.document_metadata,
      chunkMetadata: row.chunk_metadata,
      content: row.content,
      summary: row.summary ?? undefined,
      chunkIndex: row.chunk_index,
      charStart: row.char_start,
      charEnd: row.char_end,
      documentCreatedAt: row.document_created_at,
      parentChunkId: row.parent_chunk_id ?? undefined,
    });
  }
  return { hits, writes: BigInt(rows[0]?.writes ?? 0) };
}

/**
 * Reads what stands around hits, of all of them in one statement: `window` leaves on each side in reading order, and the parent, whose
 * text is cut out of the document's.
 *
 * @returns by the hit's chunk id; the parent first.
 */
export async function loadContext(
  queryable: Queryable,
  ownerId: string,
  hits: readonly Hit[],
  options: { readonly window: number; readonly parents: boolean },
  signal?: AbortSignal,
): Promise<Map<string, ContextChunk[]>> {
  const { rows } = await queryable.query<{
    hit_id: string;
    relation: ContextChunk["relation"];
    chunk_id: string;
    chunk_index: number;
    content: string;
    char_start: number;
    char_end: number;
  }>(
    "load_context",
    // document_chunks_by_document; the primary keys of document_chunks and document_contents
    `with h as (
       select * from unnest($2::uuid[], $3::uuid[], $4::integer[], $5::uuid[]) as h (hit_id, document_id, chunk_index, parent_id))
     select h.hit_id, 'neighbor' as relation, c.chunk_id, c.chunk_index, c.content, c.char_start, c.char_end
     from h
     join document_chunks c on c.owner_id = $1 and c.document_id = h.document_id and c.chunk_level = 0
       and c.chunk_index between h.chunk_index - $6 and h.chunk_index + $6 and c.chunk_index <> h.chunk_index
     where $6 > 0
     union all
     select h.hit_id, 'parent', p.chunk_id, p.chunk_index, t.content, p.char_start, p.char_end
     from h
     join document_chunks p on p.owner_id = $1 and p.chunk_id = h.parent_id
     cross join lateral (${textOfChunk("p")}) as t
     where $7
     order by hit_id, relation desc, chunk_index`,
    [
      ownerId,
      hits.map((hit) => hit.chunkId),
      hits.map((hit) => hit.documentId),
      hits.map((hit) => hit.chunkIndex),
      hits.map((hit) => hit.parentChunkId),
      options.window,
      options.parents,
    ],
    signal,
  );
  const context = new Map<string, ContextChunk[]>();
  for (const row of rows) {
    const around = context.get(row.hit_id) ?? [];
    context.set(row.hit_id, around);
    around.push({
      relation: row.relation,
      chunkId: row.chunk_id,
      chunkIndex: row.chunk_index,
      content: row.content,
      charStart: row.char_start,
      charEnd: row.char_end,
    });
  }
  return context;
}
