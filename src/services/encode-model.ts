import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type EmbeddingModelSchema,
  EmbeddingModelState,
  EmbeddingProvider,
  type ModelComparisonSchema,
} from "#gen/llmemory/v1/embedding_model_pb.js";
import type { ModelStage, ModelStatus } from "../admin/model-status.ts";
import type { ModelComparison } from "../domain/embedding-model.ts";
import type { EmbeddingProviderName } from "../embedding/embedding-provider.ts";
import { storedModelSpec } from "../embedding/stored-model-spec.ts";

const providers: Readonly<Record<EmbeddingProviderName, EmbeddingProvider>> = {
  local: EmbeddingProvider.LOCAL,
  openai: EmbeddingProvider.OPENAI,
  hashing: EmbeddingProvider.HASHING,
};

const states: Readonly<Record<ModelStage, EmbeddingModelState>> = {
  building: EmbeddingModelState.BUILDING,
  ready: EmbeddingModelState.READY,
  incomplete: EmbeddingModelState.INCOMPLETE,
  active: EmbeddingModelState.ACTIVE,
  retired: EmbeddingModelState.RETIRED,
  dropping: EmbeddingModelState.DROPPING,
  dropped: EmbeddingModelState.DROPPED,
};

export function encodeModel({ model, stage, progress }: ModelStatus): MessageInitShape<typeof EmbeddingModelSchema> {
  const spec = storedModelSpec(model);
  return {
    modelId: model.table.modelId,
    provider: providers[spec.provider],
    name: model.name,
    dimension: model.table.dimension,
    state: states[stage],
    tableName: model.table.tableName,
    baseUrl: spec.baseUrl ?? "",
    chunksTotal: BigInt(progress.total),
    chunksDone: BigInt(progress.done),
    chunksWaiting: BigInt(progress.waiting),
    chunksDead: BigInt(progress.dead),
    createdAt: timestampFromDate(model.createdAt),
    stateChangedAt: timestampFromDate(model.stateChangedAt),
    ...(model.comparison && { comparison: encodeComparison(model.comparison) }),
  };
}

export function encodeComparison(comparison: ModelComparison): MessageInitShape<typeof ModelComparisonSchema> {
  const { comparedAt, ...numbers } = comparison;
  return { ...numbers, comparedAt: timestampFromDate(comparedAt) };
}
