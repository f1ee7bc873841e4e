import { type IndexProfile, indexProfiles } from "../domain/index-profile.ts";
import type { Queryable } from "./database.ts";

/** What is needed of a table of vectors to index it. */
export interface VectorTable {
  readonly tableName: string;
  readonly vectorType: "halfvec" | "vector";
}

/** The tables that hold a table's rows: its partitions in order, or itself. Each has an approximate index of its own. */
export async function listPartitions(queryable: Queryable, table: VectorTable): Promise<string[]> {
  const { rows } = await queryable.query<{ name: string }>(
    "list_vector_partitions",
    `select c.relname as name
     from pg_class c
     left join pg_inherits i on i.inhrelid = c.oid
     where (c.oid = $1::regclass or i.inhparent = $1::regclass) and c.relkind = 'r'
     order by c.relname`,
    [table.tableName],
  );
  return rows.map((row) => row.name);
}

/** Those of the partitions that have no approximate index that searches may use. */
export async function findUnindexedPartitions(queryable: Queryable, table: VectorTable): Promise<string[]> {
  const partitions = await listPartitions(queryable, table);
  const { rows } = await queryable.query<{ name: string }>(
    "list_vector_indexes",
    `select c.relname as name
     from pg_index i
     join pg_class c on c.oid = i.indexrelid
     where i.indrelid = any($1::text[]::regclass[]) and i.indisvalid`,
    [partitions],
  );
  const names = new Set(rows.map((row) => row.name));
  return partitions.filter((partition) => !names.has(vectorIndexName(partition)));
}

/** The name of a partition's approximate index. They have no common parent: a part of one could not be replaced by itself. */
export function vectorIndexName(partition: string): string {
  return `${partition}_hnsw`;
}

/**
 * The approximate index of one partition, which holds the rows that are marked as indexed. Cosine and inner product are the same
 * within the graph, since pgvector scales the vectors of a cosine index to unit length.
 */
export function vectorIndexDefinition(table: VectorTable, partition: string, profile: IndexProfile): string {
  return `on ${partition} using hnsw (embedding ${table.vectorType}_cosine_ops) with (${vectorIndexOptions(profile).join(", ")}) where indexed`;
}

/** As `pg_class.reloptions` has them. */
export function vectorIndexOptions(profile: IndexProfile): string[] {
  const { m, efConstruction } = indexProfiles[profile];
  return [`m=${m}`, `ef_construction=${efConstruction}`];
}
