import { createHash } from "node:crypto";
import type { JsonObject } from "../domain/document.ts";
import type { ModelIdentity } from "../domain/embedding-model.ts";
import { StartupError } from "../domain/errors.ts";
import { defaultIndexProfile, type IndexProfile } from "../domain/index-profile.ts";
import { createEmbeddingTable } from "./create-embedding-table.ts";
import type { Database, Queryable } from "./database.ts";
import { insertModel, type NewModel, readModels } from "./model-registry.ts";

/** Rows are stored in line, in one page of 8 KiB: at 2 or 4 bytes a component this is what fits. */
const dimensionMax = { halfvec: 3_800, vector: 1_900 };

/** Components of a vector that can be stored at most. */
export const storedDimensionMax = dimensionMax.halfvec;

/** Where a model's vectors are. */
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
 * The table of the active model. In an empty database the given model becomes active and gets its table; later the registry counts,
 * since the stored vectors are of that model.
 *
 * @param created for an empty database: what opens the model beside its provider and name, and what its index is built for.
 * @throws StartupError if the model cannot be stored, or is the active one with another dimension than its table.
 */
export async function ensureActiveModel(
  database: Database,
  model: NewModel["model"],
  now: Date,
  { spec = {}, indexProfile }: { readonly spec?: JsonObject; readonly indexProfile?: IndexProfile | undefined } = {},
): Promise<EmbeddingTable> {
  return await database.transaction(async (transaction) => {
    await transaction.query("lock_embedding_models", "lock table embedding_models in share row exclusive mode");
    const [active] = await readModels(transaction);
    if (active) {
      requireDimension(model, active.table);
      return active.table;
    }
    if (model.dimension > storedDimensionMax) {
      throw new StartupError(
        `model ${model.modelId} has ${model.dimension} dimensions, and at most ${storedDimensionMax} can be stored; ask the provider for fewer`,
      );
    }
    const table = newEmbeddingTable(database.kind, model, [], indexProfile);
    await createEmbeddingTable(transaction, database.kind, table);
    await insertModel(transaction, { model, spec, table }, "active", now);
    return table;
  });
}

/** @throws StartupError if this is the table's model, and its vectors do not fit. */
export function requireDimension(model: ModelIdentity, table: EmbeddingTable): void {
  if (model.modelId !== table.modelId || model.dimension === table.dimension) return;
  throw new StartupError(
    `model ${model.modelId} has ${model.dimension} dimensions, but its table ${table.tableName} stores ${table.dimension}; ` +
      "set LLMEMORY_EMBEDDING_DIMENSION, or the model's files, as they were when the table was filled, or change over to another model with: " +
      "llmemory model start",
  );
}

/**
 * The table that a model is to get; it does not exist yet.
 *
 * @param existing the tables of all other models.
 */
export function newEmbeddingTable(
  kind: Database["kind"],
  { modelId, dimension }: ModelIdentity,
  existing: readonly EmbeddingTable[],
  indexProfile = defaultIndexProfile,
): EmbeddingTable {
  const name = tableName(modelId);
  const isTaken = existing.some((table) => table.tableName === name);
  // Names that differ in what a table's name cannot hold, or in their ends.
  const suffix = createHash("sha256").update(modelId).digest("hex").slice(0, 8);
  return {
    modelId,
    dimension,
    tableName: isTaken ? `${name.slice(0, 41)}_${suffix}` : name,
    vectorType: vectorTypeFor(kind, dimension),
    indexProfile,
  };
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
