import type { Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";

/** The vectors of chunks, by chunk id; those that have none are missing. */
export async function readVectors(
  queryable: Queryable,
  table: EmbeddingTable,
  ownerId: string,
  chunkIds: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, Float32Array>> {
  const { rows } = await queryable.query<{ chunk_id: string; vector: number[] }>(
    "read_vectors",
    `select e.chunk_id, e.embedding::real[] as vector
     from ${table.tableName} e
     where e.owner_id = $1 and e.chunk_id = any($2::uuid[])`,
    [ownerId, chunkIds],
    signal,
  );
  return new Map(rows.map((row) => [row.chunk_id, Float32Array.from(row.vector)]));
}
