import type { DocumentFilter } from "../domain/filter.ts";
import { limits } from "../domain/limits.ts";
import type { Queryable } from "./database.ts";
import { vectorLiteral } from "./embedding-jobs.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { filterConditions, Parameters } from "./filter-sql.ts";

/** A chunk that one side of a search, or both, put forward. */
export interface Candidate {
  readonly chunkId: string;
  /** 1 − cosine distance; undefined if vectors were not compared or the chunk has none yet. */
  readonly similarity: number | undefined;
  /** BM25; undefined if no word of the query is in the chunk or words were not looked at. */
  readonly textRank: number | undefined;
  /** Rank among the vector candidates, from 1; undefined beyond them. */
  readonly vectorPosition: number | undefined;
  readonly textPosition: number | undefined;
}

export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** Vectors compared. */
  readonly vectorCount: number;
  /** Chunks that hold a word of the query and that the filter allows. */
  readonly textCount: number;
  /** Leaves of the owner. */
  readonly ownerChunkCount: number;
  /** Leaves of the owner that have a vector. */
  readonly ownerEmbeddedCount: number;
  /** Whether chunks that may hold a word of the query were not looked at, since the owner's chunks are of too many languages. */
  readonly truncated: boolean;
}

export interface CandidateQuery {
  readonly ownerId: string;
  readonly filter: DocumentFilter;
  /** Undefined: words are not looked at. */
  readonly queryText: string | undefined;
  /** Undefined: vectors are not compared. */
  readonly queryVector: Float32Array | undefined;
  /** Candidates per side. */
  readonly count: number;
}

interface CandidateRow {
  chunk_id: string | null;
  similarity: number | null;
  text_rank: number | null;
  vector_position: number | null;
  text_position: number | null;
  vector_count: number;
  text_count: number;
  owner_chunk_count: number;
  /** Null: the same as `vector_count`. */
  owner_embedded_count: number | null;
  text_config_count: number;
}

/**
 * Finds the candidates of both sides in one statement, and so in one snapshot. The vector side compares every vector of the owner
 * that the filter allows; the text side ranks every chunk that holds a word of the query by BM25 (k1 1.2, b 0.75, Lucene's idf)
 * over the owner's chunks of the same text search configuration.
 */
export async function findCandidates(queryable: Queryable, table: EmbeddingTable, query: CandidateQuery): Promise<Candidates> {
  const parameters = new Parameters([query.ownerId, query.count]);
  const conditions = filterConditions(query.filter, parameters);
  const allowed = `
    allowed as (
      select d.document_id from documents d where ${["d.owner_id = $1", ...conditions].join(" and ")})`;
  // Without a filter the join with documents would only cost.
  const isUnfiltered = conditions.length === 0;
  const isAllowed = isUnfiltered ? "" : "and c.document_id in (select document_id from allowed)";
  const { rows } = await queryable.query<CandidateRow>(
    "find_candidates",
    `with ${[
      ...(isUnfiltered ? [] : [allowed]),
      vectorSide(query, parameters, table, isAllowed),
      textSide(query, parameters, isAllowed),
      counts(table, isUnfiltered && query.queryVector !== undefined),
    ].join(",")}
     select coalesce(v.chunk_id, t.chunk_id) as chunk_id,
            vs.similarity, ts.text_rank, v.position as vector_position, t.position as text_position, counts.*
     from counts
     left join (vector_candidates v full join text_candidates t using (chunk_id)) on true
     -- Each side's value for the other side's candidates as well.
     left join vector_scores vs on vs.chunk_id = coalesce(v.chunk_id, t.chunk_id)
     left join text_scores ts on ts.chunk_id = coalesce(v.chunk_id, t.chunk_id)`,
    parameters.values,
  );
  const first = rows[0];
  if (!first) throw new Error("counts returned no row");
  return {
    candidates: rows.flatMap((row) => (row.chunk_id === null ? [] : [toCandidate(row, row.chunk_id)])),
    vectorCount: first.vector_count,
    textCount: first.text_count,
    ownerChunkCount: first.owner_chunk_count,
    ownerEmbeddedCount: first.owner_embedded_count ?? first.vector_count,
    truncated: query.queryText !== undefined && first.text_config_count > limits.queryLanguagesMax,
  };
}

function vectorSide(query: CandidateQuery, parameters: Parameters, table: EmbeddingTable, isAllowed: string): string {
  if (!query.queryVector) {
    return `
    vector_scores as (select null::uuid as chunk_id, null::double precision as similarity where false),
    vector_candidates as (select chunk_id, similarity, null::integer as position from vector_scores)`;
  }
  const vector = `${parameters.add(vectorLiteral(query.queryVector))}::halfvec(${table.dimension})`;
  // Adding 0 keeps an approximate index from being used. The primary key of the embeddings serves it.
  return `
    vector_scores as materialized (
      select e.chunk_id, 1 - ((e.embedding <=> ${vector}) + 0) as similarity
      from ${table.tableName} e
      ${isAllowed ? "join document_chunks c on c.owner_id = e.owner_id and c.chunk_id = e.chunk_id" : ""}
      where e.owner_id = $1 ${isAllowed}),
    vector_candidates as (
      select chunk_id, similarity, (row_number() over (order by similarity desc, chunk_id))::integer as position
      from (select * from vector_scores order by similarity desc, chunk_id limit $2) as nearest)`;
}

/**
 * Term frequencies are read back from ts_rank: for a single lexeme of default weight its value is 0.1 ÷ 1.64493406685 × Σ 1/j²
 * for j = 1…tf and depends on nothing else (tsrank.c, calc_rank_or). The bounds below lie half a step before each sum.
 * A word counts at most 64 times in a chunk: BM25 is saturated there, and later steps come near the precision of ts_rank.
 */
const termFrequencyBounds = Array.from({ length: 64 }, (_, index) => {
  let sum = 0;
  for (let j = 1; j <= index + 1; j++) sum += 1 / (j * j);
  return (0.1 / 1.64493406685) * (sum - 0.5 / (index + 1) ** 2);
});

function textSide(query: CandidateQuery, parameters: Parameters, isAllowed: string): string {
  if (query.queryText === undefined) {
    return `
    text_scores as (select null::uuid as chunk_id, null::double precision as text_rank where false),
    text_candidates as (select chunk_id, text_rank, null::integer as position from text_scores)`;
  }
  const text = parameters.add(query.queryText);
  const bounds = parameters.add(termFrequencyBounds);
  // A lexeme is quoted into a tsquery of its own, once. What is carried from step to step is narrow: with the text vectors in it,
  // sorting took longer than matching. Document frequencies are counted before the filter, so that a filter never changes what a
  // word is worth. document_chunks_by_lexeme or the primary key finds the chunks.
  return `
    corpora as (
      select text_config, sum(chunk_count)::double precision as chunk_count,
             sum(token_count)::double precision / sum(chunk_count)::double precision as tokens_average
      from owner_counters
      where owner_id = $1
      group by text_config
      having sum(chunk_count) > 0
      order by chunk_count desc
      limit ${limits.queryLanguagesMax}),
    terms as materialized (
      select row_number() over () as term_id, corpora.*,
             ('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''')::tsquery as term
      from corpora, unnest(to_tsvector(text_config::regconfig, normalize(${text}::text, NFKC)))),
    matches as materialized (
      select t.term_id, c.chunk_id, c.document_id, c.token_count, ts_rank(c.search_vector, t.term) as rank
      from terms t
      join document_chunks c on c.owner_id = $1 and c.chunk_level = 0 and c.text_config = t.text_config and c.search_vector @@ t.term),
    weights as materialized (
      select t.term_id,
             2.2 * ln(1 + (greatest(t.chunk_count - m.frequency, 0) + 0.5) / (m.frequency + 0.5)) as weight,
             1.2 * 0.75 / t.tokens_average as length_factor
      from (select term_id, count(*) as frequency from matches group by term_id) m
      join terms t using (term_id)),
    text_scores as materialized (
      select c.chunk_id,
             sum(w.weight * c.term_frequency / (c.term_frequency + 0.3::double precision + w.length_factor * c.token_count)) as text_rank
      from (select *, width_bucket(rank, ${bounds}::double precision[]) as term_frequency from matches) c
      join weights w using (term_id)
      where true ${isAllowed}
      group by c.chunk_id),
    text_candidates as (
      select chunk_id, text_rank, (row_number() over (order by text_rank desc, chunk_id))::integer as position
      from (select * from text_scores order by text_rank desc, chunk_id limit $2) as best)`;
}

/** @param comparesAll whether the vector side has compared every vector of the owner, so that they need not be counted again. */
function counts(table: EmbeddingTable, comparesAll: boolean): string {
  const embedded = comparesAll ? "null::integer" : `(select count(*) from ${table.tableName} where owner_id = $1)::integer`;
  return `
    counts as (
      select (select count(*) from vector_scores)::integer as vector_count,
             (select count(*) from text_scores)::integer as text_count,
             (select coalesce(sum(chunk_count), 0) from owner_counters where owner_id = $1)::integer as owner_chunk_count,
             (select count(*) from (select 1 from owner_counters where owner_id = $1 group by text_config having sum(chunk_count) > 0) as c
             )::integer as text_config_count,
             ${embedded} as owner_embedded_count)`;
}

function toCandidate(row: CandidateRow, chunkId: string): Candidate {
  return {
    chunkId,
    similarity: row.similarity ?? undefined,
    textRank: row.text_rank ?? undefined,
    vectorPosition: row.vector_position ?? undefined,
    textPosition: row.text_position ?? undefined,
  };
}
