import type { Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { vectorParameter } from "./vector-codec.ts";

/** A text to search for among the chunks of an owner. */
export interface SampleQuery {
  readonly ownerId: string;
  readonly text: string;
}

/** Searches that are looked at for different queries, per query wanted: people repeat themselves. */
const searchesPerQuery = 20;

/** The latest different queries that looked at vectors, at most `count`. */
export async function sampleAskedQueries(queryable: Queryable, count: number, signal?: AbortSignal): Promise<SampleQuery[]> {
  const { rows } = await queryable.query<{ owner_id: string; query_text: string }>(
    "sample_asked_queries",
    // search_history_by_created_at
    `select owner_id, query_text
     from (select owner_id, query_text, created_at from search_history where search_type <> 'text' order by created_at desc limit $2)
       as latest
     group by owner_id, query_text
     order by max(created_at) desc, owner_id, query_text
     limit $1`,
    [count, count * searchesPerQuery],
    signal,
  );
  return rows.map((row) => ({ ownerId: row.owner_id, text: row.query_text }));
}

/** Texts of chunks chosen by chance, at most `count`, each cut to `charsMax` characters. */
export async function sampleChunkTexts(
  queryable: Queryable,
  { count, charsMax }: { readonly count: number; readonly charsMax: number },
  signal?: AbortSignal,
): Promise<SampleQuery[]> {
  const { rows } = await queryable.query<{ owner_id: string; text: string }>(
    "sample_chunk_texts",
    // Of a large table only so many of its pages are read as hold about fifty times the chunks.
    `select owner_id, left(content, $2) as text
     from document_chunks
       tablesample system (least(100, 5000.0 * $1 / (select greatest(1, sum(chunk_count)) from owner_counters)))
     where chunk_level = 0
     order by random()
     limit $1`,
    [count, charsMax],
    signal,
  );
  return rows.map((row) => ({ ownerId: row.owner_id, text: row.text }));
}

/** A model's vector of a query, and where the vectors are that it is compared with. */
export interface ModelQuery {
  readonly table: EmbeddingTable;
  readonly vector: Float32Array;
}

/**
 * The chunks of an owner that are nearest by either of two models, every vector compared, in one statement and so of one moment.
 *
 * @returns ids of chunks for each model, nearest first, at most `count`.
 */
export async function findNearestByBoth(
  queryable: Queryable,
  ownerId: string,
  models: readonly [ModelQuery, ModelQuery],
  count: number,
  signal?: AbortSignal,
): Promise<[string[], string[]]> {
  const nearest = ({ table }: ModelQuery, parameter: string) =>
    // Adding 0 keeps the approximate index from being used.
    `array(
       select e.chunk_id::text
       from ${table.tableName} e
       where e.owner_id = $1
       order by (e.embedding <=> ${parameter}::${table.vectorType}(${table.dimension})) + 0, e.chunk_id
       limit $4)`;
  const [first, second] = models;
  const { rows } = await queryable.query<{ first: string[]; second: string[] }>(
    "find_nearest_by_both",
    `select ${nearest(first, "$2")} as first, ${nearest(second, "$3")} as second`,
    [ownerId, vectorParameter(first.table, first.vector), vectorParameter(second.table, second.vector), count],
    signal,
  );
  return [rows[0]?.first ?? [], rows[0]?.second ?? []];
}
