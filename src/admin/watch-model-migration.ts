import { abortError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { readModels } from "../storage/model-registry.ts";
import { findModelOrBuilding, type ModelDeps, type ModelStage, type ModelStatus, readModelStatus } from "./model-status.ts";

export interface WatchedModel extends ModelStatus {
  /** Over the last half minute; undefined: not known yet. */
  readonly chunksPerSecond: number | undefined;
  /** Until nothing waits any more, at that rate; undefined: not known, or nothing moves. */
  readonly timeLeftMs: number | undefined;
}

const finalStages: readonly ModelStage[] = ["ready", "incomplete", "active", "retired", "dropped"];

/** What the rate is measured over. */
const rateWindowMs = 30_000;

/**
 * Tells how far a model is: at first, whenever something has changed, and now and then when nothing has, until it can be activated, or it
 * is activated or dropped.
 *
 * @param modelId empty: the one that is being built.
 * @param pace    for tests: how often the database is asked, and what is told again.
 * @throws NotFoundError; PreconditionError if none is named and none is being built; `abortError(signal)`.
 */
export async function* watchModelMigration(
  deps: Pick<ModelDeps, "database" | "clock" | "models">,
  modelId: string,
  signal: AbortSignal,
  pace: { readonly pollMs: number; readonly keepaliveMs: number } = {
    pollMs: limits.modelWatchMs,
    keepaliveMs: limits.modelKeepaliveMs,
  },
): AsyncGenerator<WatchedModel, void> {
  const { database, models } = deps;
  const rate = new Rate();
  let last: { readonly status: ModelStatus; readonly text: string; readonly sentAt: number } | undefined;
  for (;;) {
    const started = performance.now();
    const registered = await readModels(database, signal);
    const known = last?.status.model.table.modelId ?? modelId;
    const model = registered.find(({ table }) => table.modelId === known);
    const status: ModelStatus =
      model || !last
        ? await readModelStatus(deps, registered, model ?? findModelOrBuilding(registered, known), signal)
        : { ...last.status, stage: "dropped" };
    rate.add(status.progress.done, started);
    const isFinal = finalStages.includes(status.stage);
    const text = JSON.stringify([status.stage, status.progress]);
    if (isFinal || text !== last?.text || started - last.sentAt >= pace.keepaliveMs) {
      yield { ...status, ...rate.estimate(status.progress.total - status.progress.dead) };
      last = { status, text, sentAt: started };
    }
    if (isFinal) return;
    // Where counting takes long, it is done less often.
    await models.changed.wait(Math.max(pace.pollMs, 10 * (performance.now() - started)), signal);
    if (signal.aborted) throw abortError(signal);
  }
}

/** How fast a count grows, by what it was within the window. */
class Rate {
  #samples: { readonly count: number; readonly atMs: number }[] = [];

  add(count: number, atMs: number): void {
    this.#samples = [...this.#samples.filter((sample) => atMs - sample.atMs <= rateWindowMs), { count, atMs }];
  }

  /** @param target what the count is going to. */
  estimate(target: number): Pick<WatchedModel, "chunksPerSecond" | "timeLeftMs"> {
    const [first] = this.#samples;
    const latest = this.#samples.at(-1);
    if (!first || !latest || latest === first) return { chunksPerSecond: undefined, timeLeftMs: undefined };
    const chunksPerSecond = (Math.max(0, latest.count - first.count) / (latest.atMs - first.atMs)) * 1_000;
    const left = Math.max(0, target - latest.count);
    return { chunksPerSecond, timeLeftMs: chunksPerSecond > 0 ? (left / chunksPerSecond) * 1_000 : undefined };
  }
}
