import type { ModelIdentity } from "../domain/embedding-model.ts";
import { StartupError } from "../domain/errors.ts";
import { defaultIndexProfile, type IndexProfile } from "../domain/index-profile.ts";
import { createEmbeddingTable } from "./create-embedding-table.ts";
import type { Database, Queryable } from "./database.ts";

/** Rows are stored in line, in one page of 8 KiB: at 2 or 4 bytes a component this is what fits. */
const dimensionMax = { halfvec: 3_800, vector: 1_900 };

interface ModelRow {
  model_id: string;
  dimension: number;
  table_name: string;
  vector_type: EmbeddingTable["vectorType"];
  index_profile: IndexProfile;
}

/** Where the active model's vectors are. */
export interface EmbeddingTable {
  readonly modelId: string;
  readonly dimension: number;
  /** `halfvec` takes half the room; the embedded database has `vector`, since WebAssembly converts half floats slowly. */
  readonly vectorType: "halfvec" | "vector";
  /** What the approximate index was built for when the table was looked up; a rebuild changes it in the registry. */
  readonly indexProfile: IndexProfile;
  /** A name made by `tableName`: letters, digits and `_` only. */
  readonly tableName: string;
}

/**
 * Makes sure that the configured model is the active one, registering it and creating its table in an empty database.
 *
 * @throws StartupError if another model is active, or the model has another dimension than its table.
 */
export async function ensureActiveModel(database: Database, model: ModelIdentity, now: Date): Promise<EmbeddingTable> {
  const vectorType = vectorTypeFor(database.kind, model.dimension);
  if (model.dimension > dimensionMax[vectorType]) {
    throw new StartupError(
      `model ${model.modelId} has ${model.dimension} dimensions, and at most ${dimensionMax[vectorType]} can be stored; ask the provider for fewer`,
    );
  }
  return await database.transaction(async (transaction) => {
    await transaction.query("lock_embedding_models", "lock table embedding_models in share row exclusive mode");
    const { rows } = await transaction.query<ModelRow>(
      "read_active_model",
      "select model_id, dimension, table_name, vector_type, index_profile from embedding_models where state = 'active'",
    );
    const active = rows[0];
    if (!active) {
      const { modelId, dimension } = model;
      const table = { modelId, dimension, tableName: tableName(modelId), vectorType, indexProfile: defaultIndexProfile };
      await createEmbeddingTable(transaction, database.kind, table);
      await transaction.query(
        "register_model",
        `insert into embedding_models (model_id, provider, name, dimension, table_name, vector_type, index_profile, state, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'active', $8)`,
        [modelId, model.provider, model.name, dimension, table.tableName, vectorType, table.indexProfile, now],
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
    return {
      modelId: active.model_id,
      dimension: active.dimension,
      tableName: active.table_name,
      vectorType: active.vector_type,
      indexProfile: active.index_profile,
    };
  });
}

/** The profile that a model's approximate index is of now; that of `EmbeddingTable` is from when it was looked up. */
export async function readIndexProfile(queryable: Queryable, table: EmbeddingTable): Promise<IndexProfile> {
  const { rows } = await queryable.query<{ index_profile: IndexProfile }>(
    "read_index_profile",
    "select index_profile from embedding_models where model_id = $1",
    [table.modelId],
  );
  return rows[0]?.index_profile ?? table.indexProfile;
}

export async function saveIndexProfile(queryable: Queryable, table: EmbeddingTable, profile: IndexProfile): Promise<void> {
  await queryable.query("save_index_profile", "update embedding_models set index_profile = $2 where model_id = $1", [
    table.modelId,
    profile,
  ]);
}

/** In WebAssembly an exact search took 1.8 ms per thousand `vector` of 384 dimensions and 5.5 ms per thousand `halfvec`; elsewhere they are equal. */
function vectorTypeFor(kind: Database["kind"], dimension: number): EmbeddingTable["vectorType"] {
  return kind === "embedded" && dimension <= dimensionMax.vector ? "vector" : "halfvec";
}

function tableName(modelId: string): string {
  return `embeddings_${modelId.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")}`.slice(0, 50);
}
