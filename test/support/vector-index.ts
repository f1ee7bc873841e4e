import { randomUUID } from "node:crypto";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import type { Queryable } from "../../src/storage/database.ts";
import type { EmbeddingTable } from "../../src/storage/embedding-models.ts";
import { vectorParameter } from "../../src/storage/vector-codec.ts";
import { store } from "./prepared-documents.ts";
import { dimension, embedWaiting, newOwner, type TestStorage } from "./test-storage.ts";

/** An owner with so many chunks whose vectors are stored, none of them in the approximate index yet. */
export async function ownerWithVectors(
  storage: Pick<TestStorage, "database" | "table">,
  count: number,
  ownerId = newOwner(),
): Promise<string> {
  const leaves = Array.from({ length: count }, () => randomUUID().replaceAll("-", " "));
  await store(storage.database, [{ ownerId, leaves }]);
  await embedWaiting(storage);
  return ownerId;
}

/** How many of an owner's vectors are in the approximate index, and how many are not. */
export async function countMembers(
  { database, table }: { database: Queryable; table: EmbeddingTable },
  ownerId: string,
): Promise<{ indexed: number; unindexed: number }> {
  const { rows } = await database.query<{ indexed: number; unindexed: number }>(
    "count_members",
    `select (count(*) filter (where indexed))::integer as indexed, (count(*) filter (where not indexed))::integer as unindexed
     from ${table.tableName} where owner_id = $1`,
    [ownerId],
  );
  return rows[0] ?? { indexed: 0, unindexed: 0 };
}

/**
 * Asks the approximate index alone for the chunk whose vector is nearest.
 *
 * @returns the chunk's id, and the names of the indexes in the plan.
 */
export async function nearestInIndex(
  { database, table }: Pick<TestStorage, "database" | "table">,
  ownerId: string,
  vector: Float32Array,
): Promise<{ chunkId: string | undefined; indexes: string[] }> {
  const statement = `select chunk_id from ${table.tableName} where owner_id = $1 and indexed order by embedding <=> $2::${table.vectorType} limit 1`;
  const values = [ownerId, vectorParameter(table, vector)];
  return await database.transaction(
    async (transaction) => {
      const { rows } = await transaction.query<{ chunk_id: string }>("nearest", statement, values);
      const { rows: lines } = await transaction.query<{ "QUERY PLAN": string }>("explain", `explain ${statement}`, values);
      const indexes = lines.flatMap((line) => /Scan using (\S+)/.exec(line["QUERY PLAN"])?.[1] ?? []);
      return { chunkId: rows[0]?.chunk_id, indexes };
    },
    // Small owners are cheaper to read whole than to look up. The search goes to every node that it can reach.
    { settings: { enable_sort: "off", "hnsw.iterative_scan": "relaxed_order", "hnsw.ef_search": 1_000 } },
  );
}

/**
 * Asks the approximate index alone for some of an owner's chunks, each by its own vector.
 *
 * @returns the share that was found, and the names of the indexes in the plans. A node of the graph may be left without a way to it, so
 *          that the share of a sound index is near 1 and not always 1.
 */
export async function findOwnInIndex(
  storage: Pick<TestStorage, "database" | "table">,
  ownerId: string,
): Promise<{ share: number; indexes: string[] }> {
  const { rows } = await storage.database.query<{ chunk_id: string; content: string }>(
    "read_some_chunks",
    "select chunk_id, content from document_chunks where owner_id = $1 and chunk_level = 0 order by chunk_id limit 20",
    [ownerId],
  );
  const indexes = new Set<string>();
  let found = 0;
  for (const { chunk_id, content } of rows) {
    const nearest = await nearestInIndex(storage, ownerId, embedHashedWords(content, dimension));
    for (const index of nearest.indexes) indexes.add(index);
    if (nearest.chunkId === chunk_id) found += 1;
  }
  return { share: found / rows.length, indexes: [...indexes] };
}

/** The approximate indexes of a table: name, definition from `with` on, and whether they may be used. */
export async function readVectorIndexes({ database, table }: Pick<TestStorage, "database" | "table">) {
  const { rows } = await database.query<{ name: string; definition: string; is_valid: boolean }>(
    "read_vector_indexes",
    `select c.relname as name, substring(pg_get_indexdef(c.oid) from ' WITH .*') as definition, i.indisvalid as is_valid
     from pg_index i
     join pg_class c on c.oid = i.indexrelid
     join pg_am a on a.oid = c.relam
     where a.amname = 'hnsw' and c.relname like $1 || '%'
     order by c.relname`,
    [table.tableName],
  );
  return rows;
}
