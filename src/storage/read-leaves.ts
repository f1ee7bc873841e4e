import type { DocumentFilter } from "../domain/filter.ts";
import { integerArray, uuidArray } from "./array-parameters.ts";
import type { Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { allowedCondition, isUnfiltered, Parameters } from "./filter-sql.ts";
import { everyRow } from "./kept-plans.ts";
import { PackedRecords, packRows, type Uuids } from "./packed-records.ts";
import { type Corpus, termQuery } from "./search-facts.ts";
import { vectorParameter } from "./vector-codec.ts";
import { wordsOf } from "./word-vectors.ts";

/** Leaves of one owner, as columns: what ranking needs of each. */
export interface Leaves {
  readonly count: number;
  readonly chunkIds: Uuids;
  readonly documentIds: Uuids;
  readonly chunkIndexes: Int32Array;
  readonly tokenCounts: Int32Array;
  /** Null: nobody. */
  readonly speakers: readonly (string | null)[];
  /** Position in the list of corpora; −1 if the query was not parsed for the leaf's configuration. */
  readonly corpora: Int32Array;
  /** 1 − cosine distance; NaN if the leaf has no vector yet or vectors are not compared. */
  readonly similarities: Float32Array;
  /** How often each term of the leaf's corpus is in it, its context prefix included: `width` numbers per leaf, 0 beyond the corpus's terms. */
  readonly frequencies: Uint8Array;
  readonly width: number;
  /** Per leaf: 1 if the filter allows its document and nothing that the query excludes is in it. */
  readonly allowed: Uint8Array;
  /** Per leaf: 1 if it holds the phrases that the query requires. */
  readonly phrased: Uint8Array;
}

/** Which leaves to read. */
export type LeafScope =
  | { readonly kind: "owner" }
  /** Those of the documents that the filter allows. */
  | { readonly kind: "allowed" }
  /** Parts of documents, first and last chunk index included; no two overlap. */
  | { readonly kind: "ranges"; readonly ranges: readonly LeafRange[] };

export interface LeafRange {
  readonly documentId: string;
  readonly first: number;
  readonly last: number;
}

export interface LeafQuery {
  readonly ownerId: string;
  readonly corpora: readonly Corpus[];
  readonly queryVector: Float32Array | undefined;
  readonly scope: LeafScope;
  readonly filter: DocumentFilter;
}

/** Reads leaves with the frequencies of the query's terms and their similarity to the query, in one statement. */
export async function readLeaves(queryable: Queryable, table: EmbeddingTable, query: LeafQuery): Promise<Leaves> {
  const { scope } = query;
  const parameters = new Parameters([query.ownerId]);
  const allowedDocuments = `select d.document_id from documents d where ${allowedCondition(query.filter, parameters)}`;
  // Of an owner that is read whole, what the filter refuses still tells how frequent words are.
  const isAllowed = !isUnfiltered(query.filter) && scope.kind !== "allowed" ? `c.document_id in (${allowedDocuments})` : "true";
  const vector = query.queryVector && parameters.add(vectorParameter(table, query.queryVector));
  const similarity = vector && `(1 - (e.embedding <=> ${vector}::${table.vectorType}(${table.dimension})))::real`;
  const isJoined = scope.kind !== "owner" && similarity !== undefined;
  const words = packLeaves(query.corpora, parameters, { isAllowed, similarity: isJoined ? similarity : undefined });
  const { rows } = await queryable.query<LeafRow & { vectors: string | null }>(
    `read_leaves_of_${scope.kind}`,
    scope.kind === "owner"
      ? // The primary keys. Side by side, and put together here: a join of wide rows took longer than both scans.
        `select ${words.list}, ${vectorsOfOwner(table, similarity, parameters)} as vectors
         from document_chunks c
         where c.owner_id = $1 and c.chunk_level = 0 and ${everyRow(["c.chunk_id", "c.document_id"], parameters)}`
      : // document_chunks_by_document, then the primary key of the vectors.
        `select ${words.list}, null as vectors
         from ${documentParts(scope, allowedDocuments, parameters)}
         ${isJoined ? `left join ${table.tableName} e on e.owner_id = $1 and e.chunk_id = c.chunk_id` : ""}`,
    parameters.values,
  );
  const [row] = rows;
  if (!row) throw new Error("an aggregate returned no row");
  const leaves = words.unpack(row);
  return row.vectors ? { ...leaves, similarities: aligned(leaves.chunkIds, leaves.count, row.vectors) } : leaves;
}

function vectorsOfOwner(table: EmbeddingTable, similarity: string | undefined, parameters: Parameters): string {
  if (similarity === undefined) return "null";
  return `(select ${packRows(["uuid_send(e.chunk_id)", `float4send(${similarity})`])}
            from ${table.tableName} e
            where e.owner_id = $1 and ${everyRow(["e.chunk_id", "e.document_id"], parameters)})`;
}

function documentParts(scope: Exclude<LeafScope, { kind: "owner" }>, allowedDocuments: string, parameters: Parameters): string {
  const leaves = "join document_chunks c on c.owner_id = $1 and c.document_id = k.document_id and c.chunk_level = 0";
  if (scope.kind === "allowed") return `(${allowedDocuments}) as k ${leaves}`;
  return `unnest(${parameters.add(uuidArray(scope.ranges.map((range) => range.documentId)))}::uuid[],
                ${parameters.add(integerArray(scope.ranges.map((range) => range.first)))}::integer[],
                ${parameters.add(integerArray(scope.ranges.map((range) => range.last)))}::integer[]) as k (document_id, first, last)
         ${leaves} and c.chunk_index between k.first and k.last`;
}

/** Similarities in the order of the leaves; a leaf without a vector gets NaN. */
function aligned(chunkIds: Uuids, count: number, packed: string): Float32Array {
  const vectors = new PackedRecords(packed, 20);
  const vectorKeys = vectors.uuids(0).keys();
  const leafKeys = chunkIds.keys();
  const similarities = vectors.reals(16);
  const values = new Float32Array(count);
  // Both were stored in the order in which chunks came, so that the next is mostly the next; the others wait in a map.
  const waiting = new Map<number, number>();
  let next = 0;
  for (let leaf = 0; leaf < count; leaf++) {
    const key = leafKeys[leaf] ?? Number.NaN;
    while (next < vectors.count && vectorKeys[next] !== key && !waiting.has(key))
      waiting.set(vectorKeys[next] ?? Number.NaN, similarities[next++] ?? Number.NaN);
    values[leaf] = (vectorKeys[next] === key ? similarities[next++] : waiting.get(key)) ?? Number.NaN;
  }
  return values;
}

/** What `packLeaves` selects. Null if there are no leaves, or none has a speaker. */
export interface LeafRow {
  readonly leaves: string | null;
  readonly speakers: (string | null)[] | null;
}

/** What to select of `document_chunks c` to have its leaves, and how to read that. */
export interface LeafPacking {
  readonly list: string;
  readonly unpack: (row: LeafRow) => Leaves;
}

/** Packed: ts_rank of a single lexeme is 0.1 at most, and this makes a 16-bit number of it that tells frequencies up to 64 apart. */
const rankScale = 300_000;

/**
 * @param options.isAllowed  condition on a leaf beside what the query excludes.
 * @param options.similarity expression over the vector; null where a leaf has none.
 */
export function packLeaves(
  corpora: readonly Corpus[],
  parameters: Parameters,
  options: { readonly isAllowed?: string; readonly similarity?: string | undefined } = {},
): LeafPacking {
  const { isAllowed = "true", similarity } = options;
  const width = Math.max(0, ...corpora.map(({ terms }) => terms.length));
  const byCorpus = (value: (corpus: Corpus, index: number) => string, otherwise: string) =>
    casesOf(corpora, "c", parameters, value, otherwise);
  // A prefix has ranks of its own: a rank tells how often a word is in one vector, and to join both for each word would take longer.
  const vectors = corpora.some(({ hasContexts }) => hasContexts)
    ? ["c.search_vector", "coalesce(c.context_vector, '')"]
    : ["c.search_vector"];
  const ranks = ({ terms }: { readonly terms: readonly string[] }) =>
    vectors
      .flatMap((vector) =>
        Array.from({ length: width }, (_, index) => {
          const term = terms[index];
          const rank = term && `ts_rank(${vector}, ${parameters.add(termQuery(term))}::tsquery) * ${rankScale}`;
          return `int2send((${rank ?? 0})::smallint)`;
        }),
      )
      .join(" || ");
  const excluded = excludedCondition(corpora, "c", parameters);
  const phrased = byCorpus((corpus) => matching("c", corpus.required, corpus, parameters) ?? "true", "true");
  const flags = `case when ${isAllowed} and not ${excluded} then 1 else 0 end + case when ${phrased} then 2 else 0 end`;
  const fields = [
    "uuid_send(c.chunk_id)",
    "uuid_send(c.document_id)",
    "int4send(c.chunk_index)",
    "int2send(c.token_count::smallint)",
    `int2send((${byCorpus((_, index) => String(index), "-1")})::smallint)`,
    `int2send((${flags})::smallint)`,
    ...(similarity === undefined ? [] : [`float4send(coalesce(${similarity}, 'NaN'))`]),
    ...(width === 0 ? [] : [`(${byCorpus(ranks, ranks({ terms: [] }))})`]),
  ];
  const list = `${packRows(fields)} as leaves,
                case when count(c.speaker) > 0 then array_agg(c.speaker) end as speakers`;
  return {
    list,
    unpack: (row) => unpackLeaves(row, { width, vectors: vectors.length, hasSimilarity: similarity !== undefined }),
  };
}

function unpackLeaves(
  { leaves, speakers }: LeafRow,
  { width, vectors, hasSimilarity }: { readonly width: number; readonly vectors: number; readonly hasSimilarity: boolean },
): Leaves {
  const ranksOffset = hasSimilarity ? 46 : 42;
  const records = new PackedRecords(leaves, ranksOffset + 2 * width * vectors);
  const { count } = records;
  const flags = records.smallIntegers(40);
  const frequencies = new Uint8Array(count * width);
  for (let vector = 0; vector < vectors; vector++) {
    for (let term = 0; term < width; term++) {
      const ranks = records.smallIntegers(ranksOffset + 2 * (vector * width + term));
      for (let leaf = 0, at = term; leaf < count; leaf++, at += width)
        frequencies[at] = (frequencies[at] ?? 0) + (frequencyOfRank[ranks[leaf] ?? 0] ?? 0);
    }
  }
  return {
    count,
    chunkIds: records.uuids(0),
    documentIds: records.uuids(16),
    chunkIndexes: records.integers(32),
    tokenCounts: records.smallIntegers(36),
    corpora: records.smallIntegers(38),
    similarities: hasSimilarity ? records.reals(42) : new Float32Array(count).fill(Number.NaN),
    speakers: speakers ?? [],
    frequencies,
    width,
    allowed: bitOf(flags, 0),
    phrased: bitOf(flags, 1),
  };
}

function bitOf(flags: Int32Array, bit: number): Uint8Array {
  const bits = new Uint8Array(flags.length);
  for (let leaf = 0; leaf < flags.length; leaf++) bits[leaf] = ((flags[leaf] ?? 0) >> bit) & 1;
  return bits;
}

/** Whether a row of `document_chunks` holds what the query excludes; `false` if it excludes nothing. */
export function excludedCondition(corpora: readonly Corpus[], alias: string, parameters: Parameters): string {
  return casesOf(
    corpora,
    alias,
    parameters,
    (corpus) => matching(alias, corpus.excluded, corpus, parameters) ?? "false",
    "false",
  );
}

function matching(
  alias: string,
  query: string | undefined,
  { hasContexts = false }: Corpus,
  parameters: Parameters,
): string | undefined {
  return query === undefined ? undefined : `${wordsOf(alias, hasContexts)} @@ ${parameters.add(query)}::tsquery`;
}

/** One expression per corpus; no case at all if every one is the same. */
function casesOf(
  corpora: readonly Corpus[],
  alias: string,
  parameters: Parameters,
  value: (corpus: Corpus, index: number) => string,
  otherwise: string,
): string {
  const values = corpora.map(value);
  if (values.every((text) => text === otherwise)) return otherwise;
  const cases = corpora.map(({ textConfig }, index) => `when ${parameters.add(textConfig)}::text then ${values[index]}`);
  return `case ${alias}.text_config ${cases.join(" ")} else ${otherwise} end`;
}

/**
 * For a single lexeme of default weight ts_rank is 0.1 ÷ 1.64493406685 × Σ 1/j² for j = 1…n, where n is how often it occurs, and
 * depends on nothing else (tsrank.c, calc_rank_or). The bounds lie half a step before each sum. A word counts at most 64 times in
 * a chunk: BM25 is saturated there, and later steps come near the precision of ts_rank.
 */
const termFrequencyBounds = Array.from({ length: 64 }, (_, index) => {
  let sum = 0;
  for (let j = 1; j <= index + 1; j++) sum += 1 / (j * j);
  return rankScale * (0.1 / 1.64493406685) * (sum - 0.5 / (index + 1) ** 2);
});

/** How often a lexeme occurs, by its packed rank. */
const frequencyOfRank = new Uint8Array(rankScale / 10 + 1);
termFrequencyBounds.forEach((bound, index) => {
  frequencyOfRank.fill(index + 1, Math.ceil(bound));
});
