import type { JsonObject } from "../domain/document.ts";
import type { ModelComparison, ModelIdentity } from "../domain/embedding-model.ts";
import type { IndexProfile } from "../domain/index-profile.ts";
import type { Queryable } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";

/**
 * `building`: its vectors are being made beside those of the active model; `active`: searched; `retired`: was active, and is kept up to
 * date so that one can go back to it; `dropping`: its jobs and vectors are being deleted, and nobody uses it any more.
 */
export type ModelState = "building" | "active" | "retired" | "dropping";

/** A model whose vectors are stored: one generation of them. */
export interface RegisteredModel {
  readonly table: EmbeddingTable;
  readonly provider: string;
  readonly name: string;
  /** What opens it beside provider and name; the embedding layer knows its fields. */
  readonly spec: JsonObject;
  /** Tokens of a chunk that it reads; undefined: not known. */
  readonly chunkTokensMax: number | undefined;
  readonly state: ModelState;
  readonly createdAt: Date;
  readonly stateChangedAt: Date;
  /** Chunks that were there before the model and have been looked at so far. */
  readonly queuedCount: number;
  /** When all of them had been; undefined: some have not. */
  readonly queuedAt: Date | undefined;
  /** The last comparison with a model that was active. */
  readonly comparison: ModelComparison | undefined;
}

/** A model that is to be registered. */
export interface NewModel {
  readonly model: ModelIdentity & { readonly chunkTokensMax?: number };
  readonly spec: JsonObject;
  readonly table: EmbeddingTable;
}

interface ModelRow {
  model_id: string;
  provider: string;
  name: string;
  dimension: number;
  table_name: string;
  vector_type: EmbeddingTable["vectorType"];
  index_profile: IndexProfile;
  spec: JsonObject | null;
  chunk_tokens_max: number | null;
  state: ModelState;
  created_at: Date;
  state_changed_at: Date;
  queued_count: string;
  queued_at: Date | null;
  comparison: (Omit<ModelComparison, "comparedAt"> & { readonly comparedAt: string }) | null;
}

/** All models: the active one, then the one being built, those that were active, the latest first, and those that are being dropped. */
export async function readModels(queryable: Queryable, signal?: AbortSignal): Promise<RegisteredModel[]> {
  const { rows } = await queryable.query<ModelRow>(
    "read_models",
    `select model_id, provider, name, dimension, table_name, vector_type, index_profile, spec, chunk_tokens_max, state, created_at,
            state_changed_at, queued_count, queued_at, comparison
     from embedding_models
     order by array_position(array['active', 'building', 'retired', 'dropping'], state), state_changed_at desc, model_id`,
    [],
    signal,
  );
  return rows.map(toModel);
}

/**
 * Reads the models and keeps everybody else from changing them until the transaction ends. Readers and writers of documents do not wait.
 */
export async function lockModels(transaction: Queryable): Promise<RegisteredModel[]> {
  await transaction.query("lock_models", "select model_id from embedding_models order by model_id for update");
  // A statement of its own, since the one that waited would not see a model that was registered meanwhile.
  return await readModels(transaction);
}

/** Registers a model whose table exists. The active one's chunks need not be queued, since there are none. */
export async function insertModel(
  transaction: Queryable,
  { model, spec, table }: NewModel,
  state: "active" | "building",
  now: Date,
): Promise<void> {
  await transaction.query(
    "insert_model",
    `insert into embedding_models (model_id, provider, name, dimension, table_name, vector_type, index_profile, spec, chunk_tokens_max,
       state, created_at, state_changed_at, queued_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)`,
    [
      model.modelId,
      model.provider,
      model.name,
      model.dimension,
      table.tableName,
      table.vectorType,
      table.indexProfile,
      JSON.stringify(spec),
      model.chunkTokensMax ?? null,
      state,
      now,
      state === "active" ? now : null,
    ],
  );
}

/**
 * Sets a model's state; the models are locked. At most one is active at any moment: when another one is to be, the active one has to be
 * retired first.
 */
export async function setModelState(
  transaction: Queryable,
  modelId: string,
  change: { readonly state: ModelState; readonly now: Date },
): Promise<void> {
  await transaction.query(
    "set_model_state",
    "update embedding_models set state = $2, state_changed_at = $3 where model_id = $1",
    [modelId, change.state, change.now],
  );
}

/** Remembers how a model compares with the active one. */
export async function saveComparison(queryable: Queryable, modelId: string, comparison: ModelComparison): Promise<void> {
  await queryable.query("save_comparison", "update embedding_models set comparison = $2 where model_id = $1", [
    modelId,
    JSON.stringify(comparison),
  ]);
}

/** Deletes jobs of a model that is being dropped, at most `count`; returns how many. */
export async function deleteModelJobs(
  queryable: Queryable,
  modelId: string,
  count: number,
  signal?: AbortSignal,
): Promise<number> {
  const { rowCount } = await queryable.query(
    "delete_model_jobs",
    // embedding_jobs_available and embedding_jobs_dead
    `delete from embedding_jobs j
     using (
       (select owner_id, chunk_id from embedding_jobs where model_id = $1 and state <> 'dead' limit $2)
       union all
       (select owner_id, chunk_id from embedding_jobs where model_id = $1 and state = 'dead' limit $2)
       limit $2) as due
     where j.owner_id = due.owner_id and j.chunk_id = due.chunk_id and j.model_id = $1`,
    [modelId, count],
    signal,
  );
  return rowCount;
}

/**
 * Deletes a model that is being dropped: its last jobs, its vectors and its entry. The chunks are locked before the vectors, as those who
 * store vectors do it; no table that refers to them could be dropped otherwise. Writers that had read the registry before have ended
 * then, so no job comes after.
 */
export async function deleteModel(transaction: Queryable, { modelId, tableName }: EmbeddingTable): Promise<void> {
  await transaction.query("lock_chunks_for_drop", "lock table document_chunks in access exclusive mode");
  await transaction.query("delete_last_model_jobs", "delete from embedding_jobs where model_id = $1", [modelId]);
  await transaction.query("drop_embedding_table", `drop table if exists ${tableName}`);
  await transaction.query("delete_model", "delete from embedding_models where model_id = $1", [modelId]);
}

function toModel(row: ModelRow): RegisteredModel {
  return {
    table: {
      modelId: row.model_id,
      dimension: row.dimension,
      tableName: row.table_name,
      vectorType: row.vector_type,
      indexProfile: row.index_profile,
    },
    provider: row.provider,
    name: row.name,
    spec: row.spec ?? {},
    chunkTokensMax: row.chunk_tokens_max ?? undefined,
    state: row.state,
    createdAt: row.created_at,
    stateChangedAt: row.state_changed_at,
    queuedCount: Number(row.queued_count),
    queuedAt: row.queued_at ?? undefined,
    comparison: row.comparison ? { ...row.comparison, comparedAt: new Date(row.comparison.comparedAt) } : undefined,
  };
}
