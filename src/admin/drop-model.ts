import { PreconditionError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { deleteModel, deleteModelJobs, lockModels, setModelState } from "../storage/model-registry.ts";
import { findModel, type ModelDeps } from "./model-status.ts";

/**
 * Drops a model that is being built or was retired: its jobs, its vectors, its entry. When this was interrupted, the model is left as
 * one that is being dropped, which nobody uses, and the next call goes on with it.
 *
 * @throws NotFoundError; PreconditionError if the model is active.
 */
export async function dropModel(deps: ModelDeps, modelId: string, signal: AbortSignal): Promise<void> {
  const { database, models, clock, logger } = deps;
  const table = await database.transaction(
    async (transaction) => {
      const model = findModel(await lockModels(transaction), modelId);
      if (model.state === "active") {
        throw new PreconditionError("MODEL_ACTIVE", `model ${modelId} is the active one; activate another one first`, {
          details: { model: modelId },
        });
      }
      await setModelState(transaction, modelId, { state: "dropping", now: clock.now() });
      return model.table;
    },
    { signal },
  );
  // Workers of this process stop; those of others within seconds, and what they still store is deleted at the end.
  await models.refresh(signal);
  const count = limits.modelJobsDeletedAtOnce;
  while ((await deleteModelJobs(database, modelId, count, signal)) > 0);
  await database.transaction(
    async (transaction) => {
      await lockModels(transaction);
      await deleteModel(transaction, table);
    },
    { signal, settings: { lock_timeout: `${limits.modelLockWaitMs}ms` } },
  );
  logger.info({ model: modelId }, "an embedding model was dropped");
  await models.refresh(signal);
}
