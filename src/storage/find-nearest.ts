import type { DocumentFilter } from "../domain/filter.ts";
import { efSearchOf, type IndexProfile } from "../domain/index-profile.ts";
import { limits } from "../domain/limits.ts";
import type { Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { allowedCondition, isUnfiltered, Parameters } from "./filter-sql.ts";
import { everyRow } from "./kept-plans.ts";
import { PackedRecords, packRows } from "./packed-records.ts";
import { excludedCondition, type LeafRow, type Leaves, packLeaves } from "./read-leaves.ts";
import type { Corpus } from "./search-facts.ts";
import { vectorParameter } from "./vector-codec.ts";
import { matchesWords } from "./word-vectors.ts";

/** Server settings under which `findNearest` is to run where it asks the approximate index. */
export function indexSettings(profile: IndexProfile): Readonly<Record<string, string | number>> {
  return {
    // Candidates of a hundred, not of ten, are asked for.
    "hnsw.ef_search": efSearchOf(profile) * limits.efSearchFactor,
    // Goes on until there are enough rows that the filter allows; in strict order it missed up to a sixth of them at equal cost.
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.max_scan_tuples": 20_000,
    // The planner takes owner and `indexed` for independent, expects thousands of rows that are not indexed where there are none, and
    // read a whole partition for them: 11 ms of 19.
    enable_seqscan: "off",
  };
}

/** A chunk whose vector is near the query. */
export interface NearChunk {
  /** Keys as `Uuids` gives them. */
  readonly chunkKey: number;
  readonly documentKey: number;
  readonly chunkId: string;
  readonly documentId: string;
  /** 0 where no words are looked at: only what reads neighbourhoods asks for it. */
  readonly chunkIndex: number;
  /** 1 − cosine distance. */
  readonly similarity: number;
}

/** Which chunks to look at for their words, in a corpus too large to look at all. */
export interface WordMatch {
  /** Position in the list of corpora. */
  readonly corpus: number;
  /** A tsquery. */
  readonly query: string;
}

export interface NearQuery {
  readonly ownerId: string;
  readonly corpora: readonly Corpus[];
  readonly filter: DocumentFilter;
  /** Undefined: vectors are not compared. */
  readonly queryVector: Float32Array | undefined;
  /** Whether every vector that the filter allows is compared, or the approximate index is asked. */
  readonly isExact: boolean;
  /** Nearest vectors at most. */
  readonly count: number;
  /** Tried in this order until there are enough chunks; chunks may come twice. */
  readonly matches: readonly (readonly WordMatch[])[];
  /** Chunks that hold words at most. */
  readonly matchesMax: number;
}

export interface NearResult {
  /** Nearest first; ties by id. */
  readonly nearest: readonly NearChunk[];
  readonly matched: Leaves;
}

/**
 * Finds the chunks of an owner that are nearest to the query and those that hold its words, in one statement.
 *
 * The approximate index holds only some of an owner's rows while it is being filled, so the rows that it does not hold are compared
 * one by one beside it.
 */
export async function findNearest(queryable: Queryable, table: EmbeddingTable, query: NearQuery): Promise<NearResult> {
  const parameters = new Parameters([query.ownerId]);
  const isFiltered = !isUnfiltered(query.filter);
  const allowed = `allowed as materialized (select d.document_id from documents d where ${allowedCondition(query.filter, parameters)})`;
  // `is true` keeps it a filter of the scan: as a join it would make the planner leave the index and its order.
  const isAllowed = (alias: string) =>
    isFiltered ? `and (${alias}.document_id in (select document_id from allowed)) is true` : "";
  const words = packLeaves(query.corpora, parameters);
  // Only vectors are compared with it, and PostgreSQL refuses a parameter that the statement does not use.
  const excluded = query.queryVector ? excludedCondition(query.corpora, "x", parameters) : "false";
  const isWanted =
    excluded === "false"
      ? ""
      : `and not exists (
            select from document_chunks x where x.owner_id = $1 and x.chunk_id = e.chunk_id and ${excluded})`;
  const nearest = nearestRows(table, query, { isFiltered, isAllowed: isAllowed("e"), isWanted }, parameters);
  const packed = (chunkIndex: string) =>
    packRows(
      ["uuid_send(n.chunk_id)", "uuid_send(n.document_id)", `int4send(${chunkIndex})`, "float4send(n.similarity)"],
      "n.similarity desc, n.chunk_id",
    );
  const { rows } = await queryable.query<Partial<LeafRow> & { nearest: string | null }>(
    nameOf(query, isFiltered),
    query.corpora.length === 0
      ? `${isFiltered ? `with ${allowed} ` : ""}select ${packed("0")} as nearest from (${nearest}) as n`
      : `with ${isFiltered ? `${allowed},` : ""}
     nearest as materialized (${nearest})
     select ${words.list},
            (select ${packed("p.chunk_index")}
             from nearest n
             join document_chunks p on p.owner_id = $1 and p.chunk_id = n.chunk_id) as nearest
     from (${matchedRows(query, isAllowed("c"), parameters)}) as c`,
    parameters.values,
  );
  const [row] = rows;
  if (!row) throw new Error("an aggregate returned no row");
  return { nearest: unpackNearest(row.nearest), matched: words.unpack({ leaves: null, speakers: null, ...row }) };
}

/** Where nothing depends on words, filters or an index, one plan is right for all owners: see `preparedName`. */
function nameOf({ isExact, corpora }: NearQuery, isFiltered: boolean): string {
  if (!isExact) return "find_nearest";
  return corpora.length === 0 && !isFiltered ? "find_nearest_of_owner" : "find_nearest_exact";
}

function unpackNearest(packed: string | null): NearChunk[] {
  const records = new PackedRecords(packed, 40);
  const chunkIds = records.uuids(0);
  const documentIds = records.uuids(16);
  const chunkIndexes = records.integers(32);
  return Array.from(records.reals(36), (similarity, index) => ({
    chunkKey: chunkIds.key(index),
    documentKey: documentIds.key(index),
    chunkId: chunkIds.text(index),
    documentId: documentIds.text(index),
    chunkIndex: chunkIndexes[index] ?? 0,
    similarity,
  }));
}

function nearestRows(
  table: EmbeddingTable,
  query: NearQuery,
  filter: { readonly isFiltered: boolean; readonly isAllowed: string; readonly isWanted: string },
  parameters: Parameters,
): string {
  if (!query.queryVector) return "select null::uuid as chunk_id, null::uuid as document_id, null::real as similarity where false";
  const vector = `${parameters.add(vectorParameter(table, query.queryVector))}::${table.vectorType}(${table.dimension})`;
  const count = parameters.add(query.count);
  // Adding 0 keeps the approximate index from being used.
  const comparing = (source: string, owners: string) => `
         (select e.chunk_id, e.document_id, (e.embedding <=> ${vector}) + 0 as distance
          from ${source}
          where ${owners} ${filter.isWanted}
          order by distance, e.chunk_id
          limit ${count})`;
  // What a filter leaves of a large owner: document_chunks_by_document, then the primary key of the vectors.
  const allowedVectors = `allowed a
          join document_chunks f on f.owner_id = $1 and f.document_id = a.document_id and f.chunk_level = 0
          join ${table.tableName} e on e.chunk_id = f.chunk_id`;
  const exact = () =>
    filter.isFiltered
      ? comparing(allowedVectors, "e.owner_id = $1")
      : comparing(`${table.tableName} e`, `e.owner_id = $1 and ${everyRow(["e.chunk_id", "e.document_id"], parameters)}`);
  const approximate = () => `
         (select e.chunk_id, e.document_id, e.embedding <=> ${vector} as distance
          from ${table.tableName} e
          where e.owner_id = $1 and e.indexed ${filter.isAllowed} ${filter.isWanted}
          order by e.embedding <=> ${vector}
          limit ${count})
         union all ${comparing(`${table.tableName} e`, `e.owner_id = $1 and not e.indexed ${filter.isAllowed}`)}`;
  return `
       select chunk_id, document_id, (1 - distance)::real as similarity
       from (${query.isExact ? exact() : approximate()}) as found
       order by distance, chunk_id
       limit ${count}`;
}

/** The rows of `document_chunks` whose words are looked at; a later match is only looked up if the earlier ones give too few. */
function matchedRows(query: NearQuery, isAllowed: string, parameters: Parameters): string {
  if (query.matches.length === 0) return "select * from document_chunks where false";
  // document_chunks_by_lexeme, document_chunks_by_context
  const tries = query.matches.map((alternatives) => {
    const matches = alternatives.map(({ corpus, query: words }) => {
      const { textConfig, hasContexts = false } = query.corpora[corpus] ?? {};
      const holdsWords = matchesWords("c", parameters.add(words), hasContexts);
      return `(c.text_config = ${parameters.add(textConfig)} and ${holdsWords})`;
    });
    return `select * from document_chunks c
          where c.owner_id = $1 and c.chunk_level = 0 and (${matches.join(" or ")}) ${isAllowed}`;
  });
  return `${tries.map((rows) => `(${rows})`).join(" union all ")} limit ${parameters.add(query.matchesMax)}`;
}
