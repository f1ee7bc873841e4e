import type { DocumentFilter } from "../../src/domain/filter.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import type { SearchAnswer } from "../../src/search/search-query.ts";
import { vectorParameter } from "../../src/storage/vector-codec.ts";
import { dimension, type OpenCorpus } from "./corpus-database.ts";
import { filters, writeQueries } from "./queries.ts";
import type { Report } from "./report.ts";
import { newQuery, TimedSearch } from "./timed-search.ts";

const bound = 0.98;
const hitsCompared = 10;

/** Whose chunks are searched, and the condition on `documents d` that the filter stands for, written by hand. */
interface Line {
  readonly name: string;
  readonly ownerId: string;
  readonly filter: DocumentFilter;
  readonly condition: string;
}

const lines: readonly Line[] = [
  { name: "60 % of all chunks", ownerId: "p60", filter: {}, condition: "true" },
  { name: "9 %", ownerId: "p9", filter: {}, condition: "true" },
  { name: "2 %", ownerId: "p2", filter: {}, condition: "true" },
  { name: "0.9 %", ownerId: "p09", filter: {}, condition: "true" },
  { name: "0.2 %", ownerId: "p02", filter: {}, condition: "true" },
  { name: "60 %, filter 50 %", ownerId: "p60", filter: filters["50"], condition: `d.metadata @> '{"half":1}'` },
  { name: "60 %, filter 5 %", ownerId: "p60", filter: filters["5"], condition: `d.metadata @> '{"twentieth":3}'` },
  { name: "60 %, filter 0.5 %", ownerId: "p60", filter: filters["0.5"], condition: `d.metadata @> '{"rare":7}'` },
  {
    name: "60 %, one document",
    ownerId: "p60",
    filter: { idsAtOrigin: ["4711"] },
    condition: "d.id_at_origin = '4711'",
  },
];

/** Compares what searches find with every vector compared in plain SQL, at rest. */
export async function measureRecall(
  corpus: OpenCorpus,
  report: Report,
  queryCount: number,
  provider: EmbeddingProvider = createHashingEmbedder({ dimension }),
): Promise<void> {
  const search = new TimedSearch(corpus, provider);
  const queries = writeQueries(queryCount, 7);
  const vectorOf = async (text: string) => {
    const [vector] = await provider.embed([text], "query", new AbortController().signal);
    return vectorParameter(corpus.table, vector ?? new Float32Array());
  };
  for (const line of lines) {
    const recalls: Record<"vector" | "hybrid", number[]> = { vector: [], hybrid: [] };
    const plans = new Set<string>();
    let missing = 0;
    for (const queryText of queries) {
      const exact = await findExactly(corpus, line, await vectorOf(queryText));
      const { ownerId, filter } = line;
      const vector = await search.answer(newQuery({ ownerId, filter, queryText, searchType: "vector", limit: hitsCompared }));
      // Reciprocal ranks with alpha 1 keep the order of the vector side.
      const side = newQuery({ ownerId, filter, queryText, searchType: "hybrid", fusion: "rrf", alpha: 1, limit: hitsCompared });
      const hybrid = await search.answer(side);
      const hundred = await search.answer(newQuery({ ownerId, filter, queryText, searchType: "vector", limit: 100 }));
      recalls.vector.push(recallOf(similaritiesOf(vector), exact));
      recalls.hybrid.push(recallOf(similaritiesOf(hybrid), exact));
      plans.add(vector.receipt.plan);
      missing += shortBy(vector, exact, 10) + shortBy(hybrid, exact, 10) + shortBy(hundred, exact, 100);
    }
    for (const type of ["vector", "hybrid"] as const) {
      const mean = average(recalls[type]);
      const worst = Math.min(...recalls[type]);
      report.bound(
        `recall@10, ${line.name}, ${type === "vector" ? "vector search" : "vector side of hybrid search"} (${[...plans].join(", ")})`,
        `${mean.toFixed(4)} (worst query ${worst.toFixed(1)})`,
        `at least ${bound}`,
        mean >= bound,
      );
    }
    report.bound(`results missing, ${line.name}, limits 10 and 100`, String(missing), "none", missing === 0);
  }
}

interface Exact {
  /** How many chunks there are. */
  readonly count: number;
  /** Of the nearest, best first. */
  readonly similarities: readonly number[];
}

async function findExactly({ database, table }: OpenCorpus, line: Line, vector: Buffer): Promise<Exact> {
  const { rows } = await database.query<{ similarities: number[]; count: string }>(
    "find_exactly",
    `with compared as materialized (
       select 1 - (e.embedding <=> $2::${table.vectorType}(${dimension})) as similarity
       from ${table.tableName} e
       join documents d on d.owner_id = e.owner_id and d.document_id = e.document_id
       where e.owner_id = $1 and ${line.condition})
     select (select count(*) from compared) as count,
            array(select similarity from compared order by similarity desc limit $3) as similarities`,
    [line.ownerId, vector, hitsCompared],
  );
  return { count: Number(rows[0]?.count), similarities: rows[0]?.similarities ?? [] };
}

/** The similarities of the vector side's first ten, which a chunk without a place in it does not belong to. */
function similaritiesOf({ hits }: SearchAnswer): number[] {
  return hits
    .filter(({ vectorPosition }) => vectorPosition !== undefined && vectorPosition <= hitsCompared)
    .map(({ similarity }) => similarity ?? Number.NaN);
}

/** Which of equally near chunks is found does not matter. Similarities come back as 32-bit numbers. */
function recallOf(found: readonly number[], { similarities }: Exact): number {
  const least = (similarities.at(-1) ?? Number.NaN) - 1e-6;
  return Math.min(1, found.filter((similarity) => similarity >= least).length / similarities.length);
}

function shortBy({ hits }: SearchAnswer, { count }: Exact, limit: number): number {
  return Math.max(0, Math.min(limit, count) - hits.length);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
