import type { ServiceImpl } from "@connectrpc/connect";
import type { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { compareModels } from "../admin/compare-models.ts";
import { dropModel } from "../admin/drop-model.ts";
import { listModels, type ModelDeps } from "../admin/model-status.ts";
import { startModelMigration } from "../admin/start-model-migration.ts";
import { activateModel, rollBackModel, type SwitchedModels } from "../admin/switch-model.ts";
import { watchModelMigration } from "../admin/watch-model-migration.ts";
import { DependencyUnavailableError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { requestContextOf } from "../interceptors/request-context.ts";
import { decodeModelSpec } from "./decode-model-spec.ts";
import { encodeDuration } from "./encode-duration.ts";
import { encodeComparison, encodeModel } from "./encode-model.ts";

type ModelRpcs = Pick<
  ServiceImpl<typeof AdminService>,
  | "listEmbeddingModels"
  | "startModelMigration"
  | "watchModelMigration"
  | "compareModels"
  | "activateModel"
  | "rollBackModel"
  | "dropModel"
>;

/**
 * The part of AdminService that changes embedding models.
 *
 * @param drain aborts when the service begins to stop.
 */
export function createModelRpcs(deps: ModelDeps, drain: AbortSignal): ModelRpcs {
  return {
    async listEmbeddingModels(_request, context) {
      const { signal } = requestContextOf(context.values);
      return { models: (await listModels(deps, signal)).map(encodeModel) };
    },

    async startModelMigration(request, context) {
      const { signal } = requestContextOf(context.values);
      return { model: encodeModel(await startModelMigration(deps, decodeModelSpec(request), signal)) };
    },

    async *watchModelMigration({ modelId }, context) {
      const stopped = new AbortController();
      const stop = () => stopped.abort(new DependencyUnavailableError("service", "the service is stopping; watch again"));
      if (drain.aborted) stop();
      else drain.addEventListener("abort", stop, { once: true });
      try {
        const signal = AbortSignal.any([requestContextOf(context.values).signal, stopped.signal]);
        for await (const watched of watchModelMigration(deps, modelId, signal)) {
          const { chunksPerSecond, timeLeftMs } = watched;
          yield {
            model: encodeModel(watched),
            ...(chunksPerSecond !== undefined && { chunksPerSecond }),
            ...(timeLeftMs !== undefined && { timeLeft: encodeDuration(timeLeftMs) }),
          };
        }
      } finally {
        drain.removeEventListener("abort", stop);
      }
    },

    async compareModels({ modelId, queryCount = limits.comparisonQueriesDefault }, context) {
      const { signal } = requestContextOf(context.values);
      return { comparison: encodeComparison(await compareModels(deps, { modelId, queryCount }, signal)) };
    },

    async activateModel({ modelId, force }, context) {
      return encodeSwitch(await activateModel(deps, { modelId, force }, requestContextOf(context.values).signal));
    },

    async rollBackModel({ modelId, force }, context) {
      return encodeSwitch(await rollBackModel(deps, { modelId, force }, requestContextOf(context.values).signal));
    },

    async dropModel({ modelId }, context) {
      await dropModel(deps, modelId, requestContextOf(context.values).signal);
      return {};
    },
  };
}

function encodeSwitch({ active, retired }: SwitchedModels) {
  return { active: encodeModel(active), ...(retired && { retired: encodeModel(retired) }) };
}
