import type { Database, Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { listPartitions, vectorIndexDefinition, vectorIndexName } from "./vector-index.ts";

/**
 * Partitions of a table of vectors on a server: they keep the cost of a small owner's searches apart from the large ones'. It cannot
 * be changed later. The embedded database has none: there planning for them took 0.35 ms instead of 0.14, and only owners that are
 * large by its measure are in the approximate index.
 */
const partitionCount = 8;

/**
 * Waits until no transaction is under way that has written chunks, and keeps others from it until this one ends: those before it have
 * committed chunks without a job of a model that is registered now, and those after it see the model. Creating the table's foreign key
 * takes the same lock.
 */
export async function lockChunkWriters(transaction: Queryable): Promise<void> {
  await transaction.query("lock_chunk_writers", "lock table document_chunks in share row exclusive mode");
}

/** Creates the table of a model's vectors with its indexes. */
export async function createEmbeddingTable(transaction: Queryable, kind: Database["kind"], table: EmbeddingTable): Promise<void> {
  const { tableName, dimension, vectorType } = table;
  await transaction.query(
    "create_embedding_table",
    `create table ${tableName} (
       owner_id text not null,
       chunk_id uuid not null,
       document_id uuid not null,
       -- Whether the approximate index holds the row; it holds only owners that are too large for an exact search.
       indexed boolean not null default false,
       -- The owner and the text that the vector was made from (LeasedJob.inputHash); null if a client gave it.
       input_hash bytea,
       embedding ${vectorType}(${dimension}) not null,
       primary key (owner_id, chunk_id),
       foreign key (owner_id, chunk_id) references document_chunks on delete cascade
     ) ${kind === "postgres" ? "partition by hash (owner_id)" : ""}`,
  );
  if (kind === "postgres") {
    for (let remainder = 0; remainder < partitionCount; remainder++) {
      await transaction.query(
        "create_embedding_partition",
        `create table ${tableName}_${remainder} partition of ${tableName} for values with (modulus ${partitionCount}, remainder ${remainder})`,
      );
    }
  }
  // The owner comes second: an index that begins with it could be taken for a comparison of all of an owner's vectors, in no good order.
  // And it must be there, or without statistics, as in a new table, the primary key is taken: 190 ms for a batch instead of 10.
  await transaction.query(
    "create_index_of_inputs",
    `create index ${tableName}_by_input on ${tableName} (input_hash, owner_id) where input_hash is not null`,
  );
  // What the approximate index does not hold, and whose rows it holds.
  await transaction.query(
    "create_index_of_unindexed",
    `create index ${tableName}_unindexed on ${tableName} (owner_id, chunk_id) where not indexed`,
  );
  await transaction.query(
    "create_index_of_indexed",
    `create index ${tableName}_indexed on ${tableName} (owner_id) where indexed`,
  );
  for (const partition of await listPartitions(transaction, table)) {
    // Out of line, exact scans were 3 to 8 times slower.
    await transaction.query("set_embedding_storage", `alter table ${partition} alter column embedding set storage plain`);
    await transaction.query(
      "create_vector_index",
      `create index ${vectorIndexName(partition)} ${vectorIndexDefinition(table, partition, table.indexProfile)}`,
    );
  }
}
