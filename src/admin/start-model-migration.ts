import { DomainError, InvalidInputError, PreconditionError, StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { EmbeddingModelSpec } from "../embedding/embedding-model-spec.ts";
import type { EmbeddingModel, EmbeddingProvider } from "../embedding/embedding-provider.ts";
import { encodeModelSpec } from "../embedding/stored-model-spec.ts";
import { createEmbeddingTable, lockChunkWriters } from "../storage/create-embedding-table.ts";
import { newEmbeddingTable, storedDimensionMax } from "../storage/embedding-models.ts";
import { insertModel, lockModels, type RegisteredModel } from "../storage/model-registry.ts";
import { findModel, type ModelDeps, type ModelStatus, readModelStatus } from "./model-status.ts";

/**
 * Registers a model that is to replace the active one, with a table of its own. From then on every new chunk is embedded by both, and
 * the chunks that are there are queued by whoever runs embedding workers.
 *
 * @throws InvalidInputError if the model cannot be opened here or stored; DependencyUnavailableError if it does not answer;
 *         PreconditionError if another one is being built, it has vectors already, or there are too many.
 */
export async function startModelMigration(deps: ModelDeps, spec: EmbeddingModelSpec, signal: AbortSignal): Promise<ModelStatus> {
  const { database, models, clock, logger } = deps;
  const model = await tryOut(deps, spec, signal);
  const now = clock.now();
  await database.transaction(
    async (transaction) => {
      const registered = await lockModels(transaction);
      requireRoomFor(model, registered);
      const tables = registered.map(({ table }) => table);
      const table = newEmbeddingTable(database.kind, model, tables, deps.settings.indexProfile);
      await lockChunkWriters(transaction);
      await createEmbeddingTable(transaction, database.kind, table);
      await insertModel(transaction, { model, spec: encodeModelSpec(spec), table }, "building", now);
    },
    { signal, settings: { lock_timeout: `${limits.modelLockWaitMs}ms` } },
  );
  logger.info({ model: model.modelId }, "the migration to another embedding model has begun");
  await models.refresh(signal);
  return await readModelStatus(deps, models.models, findModel(models.models, model.modelId), signal);
}

/** Opens the model and has it embed a word, so that a wrong name, address or key is noticed now and not by the workers. */
async function tryOut(deps: ModelDeps, spec: EmbeddingModelSpec, signal: AbortSignal): Promise<EmbeddingModel> {
  let provider: EmbeddingProvider;
  try {
    provider = await deps.models.tryOut(spec);
  } catch (error) {
    if (error instanceof StartupError) throw invalidModel("model", error.message);
    throw error;
  }
  try {
    const { model } = provider;
    if (model.dimension > storedDimensionMax) {
      throw invalidModel(
        "dimension",
        `is ${model.dimension} with ${model.modelId}, and at most ${storedDimensionMax} can be stored; ask the provider for fewer`,
      );
    }
    const [vector] = await provider.embed(["probe"], "document", signal);
    if (vector?.length !== model.dimension) throw new Error(`model ${model.modelId} gave a vector of another dimension`);
    return model;
  } catch (error) {
    if (error instanceof DomainError) deps.logger.warn({ err: error }, "the embedding model to migrate to does not work");
    throw error;
  } finally {
    await provider.close();
  }
}

function invalidModel(field: string, description: string): InvalidInputError {
  return new InvalidInputError([{ field, rule: `${field}.usable`, description }]);
}

function requireRoomFor({ modelId }: EmbeddingModel, registered: readonly RegisteredModel[]): void {
  const same = registered.find(({ table }) => table.modelId === modelId);
  if (same?.state === "active") {
    throw new PreconditionError("MODEL_ACTIVE", `model ${modelId} is the active one already`, { details: { model: modelId } });
  }
  const building = registered.find(({ state }) => state === "building");
  if (building) {
    const { modelId: other } = building.table;
    throw new PreconditionError(
      "MODEL_MIGRATION_RUNNING",
      `the migration to model ${other} is under way; activate or drop that model first`,
      { details: { model: other } },
    );
  }
  if (same) {
    const way = same.state === "retired" ? "roll back to it, or drop it first" : "wait until it is dropped";
    throw new PreconditionError("MODEL_EXISTS", `vectors of model ${modelId} are stored already; ${way}`, {
      details: { model: modelId },
    });
  }
  if (registered.length >= limits.embeddingModelsMax) {
    const retired = registered.filter(({ state }) => state !== "active").map(({ table }) => table.modelId);
    throw new PreconditionError(
      "TOO_MANY_MODELS",
      `vectors of ${registered.length} models are stored, and each new chunk is embedded by all of them; drop ${retired.join(" or ")} first`,
    );
  }
}
