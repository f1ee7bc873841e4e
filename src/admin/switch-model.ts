import { PreconditionError } from "../domain/errors.ts";
import type { Queryable } from "../storage/database.ts";
import { lockModels, type RegisteredModel, setModelState } from "../storage/model-registry.ts";
import { activeOf, findModelOrBuilding, listModels, type ModelDeps, type ModelStatus, missingVectors } from "./model-status.ts";

export interface SwitchedModels {
  readonly active: ModelStatus;
  /** The model that was active; undefined: nothing has changed. */
  readonly retired: ModelStatus | undefined;
}

/**
 * Makes a model that was built the active one, in one transaction: every search is of one model or of the other. The one that was active
 * is kept up to date, so that one can go back. A model that is active already stays it.
 *
 * @param options.modelId empty: the one that is being built.
 * @param options.force   although chunks could not be embedded, or the models were not compared.
 * @throws NotFoundError; PreconditionError if chunks are still to be embedded, or without force.
 */
export async function activateModel(
  deps: ModelDeps,
  options: { readonly modelId: string; readonly force: boolean },
  signal: AbortSignal,
): Promise<SwitchedModels> {
  return await switchModel(deps, options.force, signal, (models) => {
    const model = findModelOrBuilding(models, options.modelId);
    const { modelId } = model.table;
    const details = { model: modelId };
    if (model.state === "retired") {
      throw new PreconditionError("MODEL_RETIRED", `model ${modelId} was active before; roll back to it`, { details });
    }
    requireUsable(model);
    const isCompared = model.comparison?.comparedWith === activeOf(models).table.modelId;
    if (model.state === "building" && model.queuedAt && !isCompared && !options.force) {
      const message = `model ${modelId} was not compared with the active one; compare them, or activate it with force`;
      throw new PreconditionError("MODEL_NOT_COMPARED", message, { details });
    }
    return model;
  });
}

/**
 * Makes a model that was active before the active one again. The other is kept up to date as well.
 *
 * @param options.modelId empty: the one that was retired last.
 * @param options.force   although chunks that are found now have no vector of it.
 * @throws NotFoundError; PreconditionError if no model is retired, or without force.
 */
export async function rollBackModel(
  deps: ModelDeps,
  options: { readonly modelId: string; readonly force: boolean },
  signal: AbortSignal,
): Promise<SwitchedModels> {
  return await switchModel(deps, options.force, signal, (models) => {
    const retired = models.filter(({ state }) => state === "retired");
    const model = options.modelId === "" ? retired[0] : findModelOrBuilding(models, options.modelId);
    if (!model)
      throw new PreconditionError("NO_RETIRED_MODEL", "no embedding model was active before that could be rolled back to");
    requireUsable(model);
    if (model.state === "building") {
      const message = `model ${model.table.modelId} was never active; activate it`;
      throw new PreconditionError("MODEL_BUILDING", message, { details: { model: model.table.modelId } });
    }
    return model;
  });
}

async function switchModel(
  deps: ModelDeps,
  force: boolean,
  signal: AbortSignal,
  choose: (models: readonly RegisteredModel[]) => RegisteredModel,
): Promise<SwitchedModels> {
  const { database, models, clock, logger } = deps;
  const { from, to } = await database.transaction(
    async (transaction) => {
      const registered = await lockModels(transaction);
      const target = choose(registered);
      const active = activeOf(registered);
      const change = { from: active.table.modelId, to: target.table.modelId };
      if (change.from === change.to) return change;
      await requireVectors(deps, transaction, registered, target, force);
      // At most one is active at any moment.
      await setModelState(transaction, change.from, { state: "retired", now: clock.now() });
      await setModelState(transaction, change.to, { state: "active", now: clock.now() });
      return change;
    },
    { signal },
  );
  if (from !== to) logger.info({ from, to }, "another embedding model is active");
  await models.refresh(signal);
  const statuses = await listModels(deps, signal);
  const active = statuses.find(({ model }) => model.table.modelId === to);
  if (!active) throw new Error(`model ${to} is gone`);
  return { active, retired: from === to ? undefined : statuses.find(({ model }) => model.table.modelId === from) };
}

function requireUsable({ state, table }: RegisteredModel): void {
  if (state !== "dropping") return;
  throw new PreconditionError("MODEL_DROPPING", `model ${table.modelId} is being dropped`, { details: { model: table.modelId } });
}

/** Nothing that is found now may be lost by the switch. */
async function requireVectors(
  deps: ModelDeps,
  transaction: Queryable,
  models: readonly RegisteredModel[],
  model: RegisteredModel,
  force: boolean,
): Promise<void> {
  const { modelId } = model.table;
  const missing = await missingVectors(deps, transaction, models, model);
  // Going back is for emergencies, so force goes a long way there.
  const mayMiss = force && model.state === "retired";
  if (!missing || (missing.waiting > 0 && !mayMiss)) {
    const amount = missing ? `${missing.waiting} chunks have` : "some chunks have";
    throw new PreconditionError(
      "MODEL_NOT_READY",
      `${amount} no vector of model ${modelId} yet; wait until it is ready${model.state === "retired" ? ", or use force" : ""}`,
      { details: { model: modelId, waiting: String(missing?.waiting ?? "") } },
    );
  }
  if (missing.dead > 0 && !force) {
    throw new PreconditionError(
      "MODEL_INCOMPLETE",
      `${missing.dead} chunks could not be embedded by model ${modelId}, so vector search would not find them; retry them, or use force`,
      { details: { model: modelId, dead: String(missing.dead) } },
    );
  }
}
