import type { ModelIdentity } from "../domain/embedding-model.ts";
import { StartupError } from "../domain/errors.ts";
import type { Database, Queryable } from "./database.ts";

/** Partitions of a table of vectors: they keep the cost of a small owner's searches apart from the large ones'. It cannot be changed later. */
const partitions = 8;

/** Rows are stored in line, in one page of 8 KiB: at 2 bytes a component this is what fits. */
const dimensionMax = 3_800;

/** Where the active model's vectors are. */
export interface EmbeddingTable {
  readonly modelId: string;
  readonly dimension: number;
  /** A name made by `tableName`: letters, digits and `_` only. */
  readonly tableName: string;
}

/**
 * Makes sure that the configured model is the active one, registering it and creating its table in an empty database.
 *
 * @throws StartupError if another model is active, or the model has another dimension than its table.
 */
export async function ensureActiveModel(database: Database, model: ModelIdentity, now: Date): Promise<EmbeddingTable> {
  if (model.dimension > dimensionMax) {
    throw new StartupError(
      `model ${model.modelId} has ${model.dimension} dimensions, and at most ${dimensionMax} can be stored; ask the provider for fewer`,
    );
  }
  return await database.transaction(async (transaction) => {
    await transaction.query("lock_embedding_models", "lock table embedding_models in share row exclusive mode");
    const { rows } = await transaction.query<{ model_id: string; dimension: number; table_name: string }>(
      "read_active_model",
      "select model_id, dimension, table_name from embedding_models where state = 'active'",
    );
    const active = rows[0];
    if (!active) {
      const table = { modelId: model.modelId, dimension: model.dimension, tableName: tableName(model.modelId) };
      await createTable(transaction, table);
      await transaction.query(
        "register_model",
        `insert into embedding_models (model_id, provider, name, dimension, table_name, state, created_at)
         values ($1, $2, $3, $4, $5, 'active', $6)`,
        [model.modelId, model.provider, model.name, model.dimension, table.tableName, now],
      );
      return table;
    }
    if (active.model_id !== model.modelId) {
      throw new StartupError(
        `the stored vectors are of model ${active.model_id}, but ${model.modelId} is configured; ` +
          "set LLMEMORY_EMBEDDING_PROVIDER as it was, or use another database, schema or data directory",
      );
    }
    if (active.dimension !== model.dimension) {
      throw new StartupError(
        `model ${model.modelId} has ${model.dimension} dimensions, but its table ${active.table_name} stores ${active.dimension}; ` +
          "use the model files that filled the table, or another database, schema or data directory",
      );
    }
    return { modelId: active.model_id, dimension: active.dimension, tableName: active.table_name };
  });
}

function tableName(modelId: string): string {
  return `embeddings_${modelId.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")}`.slice(0, 50);
}

async function createTable(transaction: Queryable, table: EmbeddingTable): Promise<void> {
  const { tableName: name, dimension } = table;
  await transaction.query(
    "create_embedding_table",
    `create table ${name} (
       owner_id text not null,
       chunk_id uuid not null,
       -- Whether the approximate index holds the row; it holds only owners that are too large for an exact search.
       indexed boolean not null default false,
       embedding halfvec(${dimension}) not null,
       primary key (owner_id, chunk_id),
       foreign key (owner_id, chunk_id) references document_chunks on delete cascade
     ) partition by hash (owner_id)`,
  );
  for (let remainder = 0; remainder < partitions; remainder++) {
    await transaction.query(
      "create_embedding_partition",
      `create table ${name}_${remainder} partition of ${name} for values with (modulus ${partitions}, remainder ${remainder})`,
    );
    // Out of line, exact scans were 3 to 8 times slower.
    await transaction.query("set_embedding_storage", `alter table ${name}_${remainder} alter column embedding set storage plain`);
  }
}
