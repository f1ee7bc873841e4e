import type { Settings } from "../config/settings.ts";
import type { Clock } from "../domain/clock.ts";
import { NotFoundError, PreconditionError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { ModelGenerations } from "../embedding/model-generations.ts";
import type { Logger } from "../observability/logger.ts";
import type { Database, Queryable } from "../storage/database.ts";
import { countMissingVectors, type MissingVectors, type ModelProgress, readModelProgress } from "../storage/model-progress.ts";
import { type RegisteredModel, readModels } from "../storage/model-registry.ts";

export interface ModelDeps {
  readonly settings: Pick<Settings, "indexProfile">;
  readonly database: Database;
  readonly models: ModelGenerations;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Where a model stands: `building` its vectors; `ready` to become active; `incomplete`, since nothing waits any more but some chunks could
 * not be embedded; `active`; `retired`, and kept up to date; `dropping`; `dropped`.
 */
export type ModelStage = "building" | "ready" | "incomplete" | "active" | "retired" | "dropping" | "dropped";

export interface ModelStatus {
  readonly model: RegisteredModel;
  readonly stage: ModelStage;
  readonly progress: ModelProgress;
}

/** All models with their progress, the active one first. */
export async function listModels(deps: Pick<ModelDeps, "database" | "clock">, signal: AbortSignal): Promise<ModelStatus[]> {
  const models = await readModels(deps.database, signal);
  const statuses: ModelStatus[] = [];
  for (const model of models) statuses.push(await readModelStatus(deps, models, model, signal));
  return statuses;
}

/** Where one of these models stands now. */
export async function readModelStatus(
  deps: Pick<ModelDeps, "database" | "clock">,
  models: readonly RegisteredModel[],
  model: RegisteredModel,
  signal: AbortSignal,
): Promise<ModelStatus> {
  const progress = await readModelProgress(deps.database, model, signal);
  if (model.state !== "building") return { model, progress, stage: model.state };
  const missing = await missingVectors(deps, deps.database, models, model, signal);
  if (missing === undefined || missing.waiting > 0) return { model, progress, stage: "building" };
  return { model, progress, stage: missing.dead > 0 ? "incomplete" : "ready" };
}

/** What searches would miss if the model were the active one; undefined: chunks are still to be queued, so it cannot be told. */
export async function missingVectors(
  deps: Pick<ModelDeps, "clock">,
  queryable: Queryable,
  models: readonly RegisteredModel[],
  model: RegisteredModel,
  signal?: AbortSignal,
): Promise<MissingVectors | undefined> {
  if (!model.queuedAt) return undefined;
  const lateBefore = new Date(deps.clock.now().getTime() - limits.modelLateMs);
  return await countMissingVectors(queryable, model, { active: activeOf(models).table, lateBefore }, signal);
}

export function activeOf(models: readonly RegisteredModel[]): RegisteredModel {
  const active = models.find((model) => model.state === "active");
  if (!active) throw new Error("no embedding model is active");
  return active;
}

/** @throws NotFoundError */
export function findModel(models: readonly RegisteredModel[], modelId: string): RegisteredModel {
  const model = models.find(({ table }) => table.modelId === modelId);
  if (!model) throw new NotFoundError("embedding model", modelId);
  return model;
}

/**
 * The model that is meant: the one that is named, or the one that is being built.
 *
 * @throws NotFoundError; PreconditionError if none is named and none is being built.
 */
export function findModelOrBuilding(models: readonly RegisteredModel[], modelId: string): RegisteredModel {
  if (modelId !== "") return findModel(models, modelId);
  const building = models.find((model) => model.state === "building");
  if (building) return building;
  throw new PreconditionError("NO_MODEL_MIGRATION", "no embedding model is being built; name a model, or start a migration");
}
