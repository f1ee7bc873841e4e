import type { EmbeddingModel } from "./embedding-provider.ts";

/** What an embedder answered is not what it promises, so nothing of it is stored. */
export class UnusableVectorsError extends Error {
  readonly reason = "UNUSABLE_VECTORS";
}

/** @throws UnusableVectorsError unless there is one vector of finite numbers, of the model's dimension, for each text. */
export function checkVectors(model: EmbeddingModel, vectors: readonly Float32Array[], textCount: number): void {
  if (vectors.length !== textCount)
    throw new UnusableVectorsError(`${model.modelId} gave ${vectors.length} vectors for ${textCount} texts`);
  for (const vector of vectors) {
    if (vector.length !== model.dimension)
      throw new UnusableVectorsError(
        `${model.modelId} gave a vector of ${vector.length} components instead of ${model.dimension}`,
      );
    if (!vector.every(Number.isFinite))
      throw new UnusableVectorsError(`${model.modelId} gave a vector that holds no finite numbers`);
  }
}
