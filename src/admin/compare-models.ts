import type { ModelComparison } from "../domain/embedding-model.ts";
import { PreconditionError, StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Generation } from "../embedding/model-generations.ts";
import { findNearestByBoth, type SampleQuery, sampleAskedQueries, sampleChunkTexts } from "../storage/compare-models.ts";
import type { Database } from "../storage/database.ts";
import { type RegisteredModel, readModels, saveComparison } from "../storage/model-registry.ts";
import { activeOf, findModelOrBuilding, type ModelDeps, missingVectors } from "./model-status.ts";

/** How many of the nearest chunks are compared: as many as a search gives by default. */
const nearestCount = 10;

/**
 * Measures how the answers of the active model and of another one differ, on queries that users asked, else on beginnings of chunks, and
 * remembers it with the other one. Each query is compared over all chunks of its owner.
 *
 * @param options.modelId empty: the one that is being built.
 * @returns fewer queries than asked for where there are no more, or no more time.
 * @throws NotFoundError; PreconditionError if it is the active one, has no vectors of some chunks yet, or cannot be opened here;
 *         DependencyUnavailableError if one of them does not answer.
 */
export async function compareModels(
  deps: ModelDeps,
  options: { readonly modelId: string; readonly queryCount: number },
  signal: AbortSignal,
): Promise<ModelComparison> {
  const { database, models, clock } = deps;
  await models.refresh(signal);
  const registered = await readModels(database, signal);
  const model = findModelOrBuilding(registered, options.modelId);
  const { modelId } = model.table;
  const missing = await missingVectors(deps, database, registered, model, signal);
  if (model.state === "active" || model.state === "dropping") {
    throw new PreconditionError("MODEL_NOT_COMPARABLE", `model ${modelId} is ${model.state}; compare one that is not`);
  }
  if (!missing || missing.waiting > 0) {
    throw new PreconditionError(
      "MODEL_NOT_READY",
      `chunks are still to be embedded by model ${modelId}; wait until it is ready`,
      {
        details: { model: modelId },
      },
    );
  }
  const active = await openHere(deps, activeOf(registered));
  const other = await openHere(deps, model);
  const endAt = performance.now() + limits.comparisonMs;
  const differences = new Differences();
  for await (const { query, isAsked } of sampleQueries(database, options.queryCount, signal)) {
    if (differences.queryCount > 0 && performance.now() > endAt) break;
    differences.add(await nearestByBoth(database, query, [active, other], signal), isAsked);
  }
  const comparison = { comparedWith: active.table.modelId, comparedAt: clock.now(), ...differences.summary() };
  await saveComparison(database, modelId, comparison);
  return comparison;
}

async function openHere({ models }: ModelDeps, model: RegisteredModel): Promise<Generation> {
  try {
    return await models.generationOf(model);
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    const { modelId } = model.table;
    const message = `model ${modelId} cannot be opened by this process: ${error.message}`;
    throw new PreconditionError("MODEL_NOT_AVAILABLE", message, { details: { model: modelId }, cause: error });
  }
}

/** Queries that users asked, and texts of chunks where those are too few. */
async function* sampleQueries(
  database: Database,
  count: number,
  signal: AbortSignal,
): AsyncGenerator<{ readonly query: SampleQuery; readonly isAsked: boolean }> {
  const asked = await sampleAskedQueries(database, count, signal);
  for (const query of asked) yield { query, isAsked: true };
  const rest = count - asked.length;
  if (rest === 0) return;
  const texts = await sampleChunkTexts(database, { count: rest, charsMax: limits.comparisonQueryCharsMax }, signal);
  for (const query of texts) yield { query, isAsked: false };
}

async function nearestByBoth(
  database: Database,
  { ownerId, text }: SampleQuery,
  generations: readonly [Generation, Generation],
  signal: AbortSignal,
): Promise<[string[], string[]]> {
  const embed = async ({ table, provider }: Generation) => {
    const [vector] = await provider.embed([text.normalize("NFKC")], "query", signal);
    if (!vector) throw new Error(`model ${table.modelId} gave no vector for a query`);
    return { table, vector };
  };
  const [first, second] = generations;
  const queries = await Promise.all([embed(first), embed(second)]);
  return await findNearestByBoth(database, ownerId, queries, nearestCount, signal);
}

/** Adds up how far apart two lists of nearest chunks are, query by query. */
class Differences {
  queryCount = 0;
  #historyQueryCount = 0;
  #overlapSum = 0;
  #overlapMin = 1;
  #sameFirstCount = 0;

  /** An owner without vectors says nothing. */
  add([first, second]: readonly [readonly string[], readonly string[]], isAsked: boolean): void {
    if (first.length === 0 && second.length === 0) return;
    const shared = first.filter((chunkId) => second.includes(chunkId)).length;
    const overlap = shared / Math.max(first.length, second.length);
    this.queryCount++;
    if (isAsked) this.#historyQueryCount++;
    this.#overlapSum += overlap;
    this.#overlapMin = Math.min(this.#overlapMin, overlap);
    if (first[0] === second[0]) this.#sameFirstCount++;
  }

  /** Without queries nothing differs. */
  summary(): Omit<ModelComparison, "comparedWith" | "comparedAt"> {
    const share = (sum: number) => (this.queryCount === 0 ? 1 : sum / this.queryCount);
    return {
      queryCount: this.queryCount,
      historyQueryCount: this.#historyQueryCount,
      overlapAt10: share(this.#overlapSum),
      overlapAt10Min: this.#overlapMin,
      sameFirst: share(this.#sameFirstCount),
    };
  }
}
