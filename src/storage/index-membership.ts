import { limits } from "../domain/limits.ts";
import type { Database, Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";

/**
 * The approximate index holds only the vectors of owners that are too large to be searched exactly, since putting a vector into it
 * costs 200 times as much as storing it. Vectors arrive outside of it; those of an owner that has grown past the switch are put in
 * afterwards, batch by batch, and taken out when the owner has shrunk to less than half of it. A search of a large owner compares
 * what is not in the index yet one by one, so no moment of this is visible in answers.
 */

/** The switch: chunks of an owner up to which searches are exact. */
export function exactChunksMax(table: Pick<EmbeddingTable, "dimension">, kind: Database["kind"]): number {
  return kind === "embedded" ? limits.exactChunksMaxEmbedded : Math.floor(limits.exactComponentsMax / table.dimension);
}

/** Rows of one owner to be put into the approximate index (`indexed`) or taken out. */
export interface MembershipBatch {
  readonly ownerId: string;
  readonly indexed: boolean;
  /** Rows at most. */
  readonly count: number;
  /** Where the batch before ended: the entries that it left behind in the index of unindexed rows are not walked again. */
  readonly afterChunkId: string | undefined;
}

/**
 * Changes the next rows, in the order of their ids, in one statement. Rows that somebody else holds are skipped, so it waits for
 * nobody and cannot be part of a deadlock; deleting one of these rows waits until the statement has ended.
 *
 * @returns how many rows were changed, fewer than `count` at the end, and the last of them.
 */
export async function changeMembership(
  database: Queryable,
  table: EmbeddingTable,
  batch: MembershipBatch,
  signal?: AbortSignal,
): Promise<{ count: number; lastChunkId: string | undefined }> {
  const [before, after] = batch.indexed ? ["not indexed", "true"] : ["indexed", "false"];
  const { rows } = await database.query<{ chunk_id: string }>(
    batch.indexed ? "add_to_vector_index" : "remove_from_vector_index",
    // The index of unindexed rows; the primary key where rows are taken out. No key column changes, so chunks can be read and joined.
    // Materialized: a plan may run a subquery once for each row of the table, and its limit would hold for each run by itself.
    `with due as materialized (
       select owner_id, chunk_id
       from ${table.tableName}
       where owner_id = $1 and ${before} and chunk_id > $2
       order by chunk_id
       limit $3
       for no key update skip locked)
     update ${table.tableName} e
     set indexed = ${after}
     from due
     where e.owner_id = $1 and e.owner_id = due.owner_id and e.chunk_id = due.chunk_id
     returning e.chunk_id`,
    [batch.ownerId, batch.afterChunkId ?? "00000000-0000-0000-0000-000000000000", batch.count],
    signal,
  );
  const lastChunkId = rows.map((row) => row.chunk_id).reduce((last, id) => (id > last ? id : last), "");
  return { count: rows.length, lastChunkId: lastChunkId === "" ? undefined : lastChunkId };
}

/**
 * Those of the owners that have more chunks than `chunksMax`.
 *
 * @param options.loadingAt leaves out owners that are being loaded at this time.
 */
export async function findLargeOwners(
  database: Queryable,
  ownerIds: readonly string[],
  options: { chunksMax: number; loadingAt?: Date },
  signal?: AbortSignal,
): Promise<string[]> {
  const { rows } = await database.query<{ owner_id: string }>(
    "find_large_owners",
    // The primary keys of owner_counters and ingest_streams
    `select c.owner_id
     from owner_counters c
     where c.owner_id = any($1::text[]) and ${isNotLoading("c", "$3")}
     group by c.owner_id
     having sum(c.chunk_count) > $2
     order by c.owner_id`,
    [ownerIds, options.chunksMax, options.loadingAt ?? null],
    signal,
  );
  return rows.map((row) => row.owner_id);
}

/**
 * Owners with more chunks than `chunksMax` of which some are not in the approximate index; largest first, at most `count`.
 *
 * @param options.loadingAt leaves out owners that are being loaded at this time.
 */
export async function findOwnersToIndex(
  database: Queryable,
  table: EmbeddingTable,
  options: { chunksMax: number; count: number; loadingAt?: Date },
  signal?: AbortSignal,
): Promise<string[]> {
  const { rows } = await database.query<{ owner_id: string }>(
    "find_owners_to_index",
    // One look per large owner into the index of unindexed rows: as a join it would read the rows of all small owners.
    `select large.owner_id
     from (select owner_id, sum(chunk_count) as chunk_count
           from owner_counters
           group by owner_id
           having sum(chunk_count) > $1) as large
     cross join lateral (
       select from ${table.tableName} e where e.owner_id = large.owner_id and not e.indexed limit 1) as unindexed
     where ${isNotLoading("large", "$3")}
     order by large.chunk_count desc, large.owner_id
     limit $2`,
    [options.chunksMax, options.count, options.loadingAt ?? null],
    signal,
  );
  return rows.map((row) => row.owner_id);
}

/** The condition that no bulk load of an owner is under way at a time; true if that is null. */
export function isNotLoading(alias: string, time: string): string {
  return `not exists (select from ingest_streams s where s.owner_id = ${alias}.owner_id and s.index_after > ${time}::timestamptz)`;
}

/** Owners with rows in the approximate index and fewer chunks than `chunksBelow`; in order of their ids, at most `count`. */
export async function findOwnersToUnindex(
  database: Queryable,
  table: EmbeddingTable,
  options: { chunksBelow: number; count: number },
  signal?: AbortSignal,
): Promise<string[]> {
  const { rows } = await database.query<{ owner_id: string }>(
    "find_owners_to_unindex",
    // From owner to owner in the index of indexed rows, without the rows between.
    `with recursive holders as (
       (select e.owner_id from ${table.tableName} e where e.indexed order by e.owner_id limit 1)
       union all
       select (select e.owner_id from ${table.tableName} e where e.indexed and e.owner_id > h.owner_id order by e.owner_id limit 1)
       from holders h
       where h.owner_id is not null)
     select h.owner_id
     from holders h
     where h.owner_id is not null
       and coalesce((select sum(c.chunk_count) from owner_counters c where c.owner_id = h.owner_id), 0) < $1
     limit $2`,
    [options.chunksBelow, options.count],
    signal,
  );
  return rows.map((row) => row.owner_id);
}

/** Whether an owner has at least `count` vectors that are not in the approximate index. */
export async function hasUnindexed(
  database: Queryable,
  table: EmbeddingTable,
  owner: { ownerId: string; count: number },
  signal?: AbortSignal,
): Promise<boolean> {
  const { rows } = await database.query(
    "find_unindexed",
    // The index of unindexed rows
    `select from ${table.tableName} where owner_id = $1 and not indexed offset $2 limit 1`,
    [owner.ownerId, owner.count - 1],
    signal,
  );
  return rows.length > 0;
}

/** The partition that holds an owner's vectors; undefined if it has none. */
export async function findPartition(
  database: Queryable,
  table: EmbeddingTable,
  ownerId: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { rows } = await database.query<{ name: string }>(
    "find_partition",
    `select c.relname as name
     from (select tableoid from ${table.tableName} where owner_id = $1 limit 1) as e
     join pg_class c on c.oid = e.tableoid`,
    [ownerId],
    signal,
  );
  return rows[0]?.name;
}

/** How many vectors of a partition are in its approximate index, and how many of these owners are not. */
export async function countIndexMembers(
  database: Queryable,
  partition: string,
  ownerIds: readonly string[],
  signal?: AbortSignal,
): Promise<{ indexed: number; unindexed: number }> {
  const { rows } = await database.query<{ indexed: string; unindexed: string }>(
    "count_index_members",
    // The index of indexed rows, the index of unindexed rows
    `select (select count(*) from ${partition} where indexed) as indexed,
            (select count(*) from ${partition} where not indexed and owner_id = any($1::text[])) as unindexed`,
    [ownerIds],
    signal,
  );
  return { indexed: Number(rows[0]?.indexed ?? 0), unindexed: Number(rows[0]?.unindexed ?? 0) };
}
