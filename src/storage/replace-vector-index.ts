import type { IndexProfile } from "../domain/index-profile.ts";
import { limits } from "../domain/limits.ts";
import type { Queryable } from "./database.ts";
import { type VectorTable, vectorIndexDefinition, vectorIndexName, vectorIndexOptions } from "./vector-index.ts";

/** Any number that nobody else uses; the other half of the lock's key is the table. */
const rebuildLockKey = 1_918_986_345;

/** What is there of one partition's approximate index. */
export interface VectorIndexState {
  readonly partition: string;
  /** Whether the index in use is of the profile. */
  readonly isOfProfile: boolean;
  /** An index beside it that an earlier rebuild has begun. */
  readonly replacement: "none" | "complete" | "useless";
  /** Whether the index that it took the place of is still there. */
  readonly hasReplaced: boolean;
}

/** Takes the right to replace the approximate index of a table, until the session ends; false: another session has it. */
export async function lockVectorIndex(session: Queryable, table: VectorTable): Promise<boolean> {
  const { rows } = await session.query<{ locked: boolean }>(
    "lock_vector_index",
    "select pg_try_advisory_lock($1, $2::regclass::oid::integer) as locked",
    [rebuildLockKey, table.tableName],
  );
  return rows[0]?.locked ?? false;
}

/**
 * Settings for building. In parallel it would need as much shared memory as it may use, which containers commonly do not give, and
 * would take the processors from searches that go on meanwhile.
 */
export async function prepareToBuild(session: Queryable): Promise<void> {
  await session.query(
    "prepare_index_build",
    `select set_config('max_parallel_maintenance_workers', '0', false),
            set_config('maintenance_work_mem', greatest(setting::bigint, $1)::text, false)
     from pg_settings
     where name = 'maintenance_work_mem'`,
    [limits.indexBuildMemoryMiB * 1024],
  );
}

export async function readVectorIndexState(
  queryable: Queryable,
  partition: string,
  profile: IndexProfile,
): Promise<VectorIndexState> {
  const { rows } = await queryable.query<{ name: string; is_valid: boolean; options: string[] | null }>(
    "read_vector_index_state",
    `select c.relname as name, i.indisvalid as is_valid, c.reloptions as options
     from pg_index i
     join pg_class c on c.oid = i.indexrelid
     where i.indrelid = $1::regclass`,
    [partition],
  );
  const find = (name: string) => rows.find((row) => row.name === name);
  const isOfProfile = (name: string) => {
    const index = find(name);
    return index?.is_valid === true && vectorIndexOptions(profile).every((option) => index.options?.includes(option) ?? false);
  };
  const replacement = replacementName(partition);
  return {
    partition,
    isOfProfile: isOfProfile(vectorIndexName(partition)),
    replacement: isOfProfile(replacement) ? "complete" : find(replacement) ? "useless" : "none",
    hasReplaced: find(replacedName(partition)) !== undefined,
  };
}

/** Builds an index beside the one in use; writes and searches go on. What is left of it after an interruption is useless. */
export async function buildReplacement(
  session: Queryable,
  table: VectorTable,
  partition: string,
  profile: IndexProfile,
): Promise<void> {
  await session.query(
    "build_vector_index",
    `create index concurrently ${replacementName(partition)} ${vectorIndexDefinition(table, partition, profile)}`,
  );
}

/** Takes the index away without another in its place: searches compare the rows that it held one by one until there is one again. */
export async function dropVectorIndex(session: Queryable, partition: string): Promise<void> {
  await session.query("drop_vector_index", `drop index concurrently if exists ${vectorIndexName(partition)}`);
}

export async function dropReplacement(session: Queryable, partition: string): Promise<void> {
  await session.query("drop_vector_index", `drop index concurrently if exists ${replacementName(partition)}`);
}

/**
 * Puts the replacement in its place. Only names change, which nobody has to wait for; dropping the other at once would wait for every
 * search that runs, and let none begin.
 */
export async function useReplacement(session: Queryable, partition: string): Promise<void> {
  const name = vectorIndexName(partition);
  // Two statements sent as one are one transaction.
  await session.query(
    "rename_vector_index",
    `alter index if exists ${name} rename to ${replacedName(partition)}; alter index ${replacementName(partition)} rename to ${name}`,
  );
}

export async function dropReplaced(session: Queryable, partition: string): Promise<void> {
  await session.query("drop_vector_index", `drop index concurrently if exists ${replacedName(partition)}`);
}

/** Puts an index of the profile in place of the one there is, while nobody else is at work. It is quick if no row is marked as indexed. */
export async function recreateVectorIndex(
  transaction: Queryable,
  table: VectorTable,
  partition: string,
  profile: IndexProfile,
): Promise<void> {
  const name = vectorIndexName(partition);
  await transaction.query("drop_vector_index", `drop index if exists ${name}`);
  await transaction.query("create_vector_index", `create index ${name} ${vectorIndexDefinition(table, partition, profile)}`);
}

function replacementName(partition: string): string {
  return `${vectorIndexName(partition)}_new`;
}

function replacedName(partition: string): string {
  return `${vectorIndexName(partition)}_old`;
}
