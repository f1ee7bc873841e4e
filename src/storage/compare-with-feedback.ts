import { uuidArray } from "./array-parameters.ts";
import type { Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { PackedRecords, packRows } from "./packed-records.ts";
import { vectorParameter } from "./vector-codec.ts";

export interface FeedbackQuery {
  readonly ownerId: string;
  readonly queryVector: Float32Array;
  /** Chunks that are taken to answer the query. */
  readonly bestIds: readonly string[];
  /** What their mean counts beside the query. */
  readonly weight: number;
  /** Chunks to compare. */
  readonly chunkIds: readonly string[];
}

/**
 * Compares chunks with the query and the mean of the best chunks together (Rocchio's relevance feedback), in one statement.
 *
 * @returns 1 − cosine distance by chunk id; those without a vector are missing.
 */
export async function compareWithFeedback(
  queryable: Queryable,
  table: EmbeddingTable,
  { ownerId, queryVector, bestIds, weight, chunkIds }: FeedbackQuery,
): Promise<Map<string, number>> {
  const plain = { vectorType: "vector" } as const;
  const { rows } = await queryable.query<{ similarities: string | null }>(
    "compare_with_feedback",
    // The primary key of the vectors. pgvector multiplies vectors by component, not by a number.
    `with target as materialized (
       select ($2::vector + avg(b.embedding::vector) * $3::vector)::${table.vectorType}(${table.dimension}) as vector
       from ${table.tableName} b
       where b.owner_id = $1 and b.chunk_id = any($4::uuid[]))
     select ${packRows(["uuid_send(e.chunk_id)", "float4send((1 - (e.embedding <=> target.vector))::real)"])} as similarities
     from target, ${table.tableName} e
     where e.owner_id = $1 and e.chunk_id = any($5::uuid[])`,
    [
      ownerId,
      vectorParameter(plain, queryVector),
      vectorParameter(plain, new Float32Array(table.dimension).fill(weight)),
      uuidArray(bestIds),
      uuidArray(chunkIds),
    ],
  );
  const records = new PackedRecords(rows[0]?.similarities ?? null, 20);
  const ids = records.uuids(0);
  return new Map(Array.from(records.reals(16), (similarity, index) => [ids.text(index), similarity]));
}
