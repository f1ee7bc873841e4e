import { EmbeddingUnavailableError } from "./embedding-failure.ts";
import type { EmbeddingModel } from "./embedding-provider.ts";

/**
 * Looks whether a provider keeps its promise, so that nothing else is stored.
 *
 * @throws EmbeddingUnavailableError unless there is one vector of finite numbers, of the model's dimension, for each text.
 */
export function checkVectors(model: EmbeddingModel, vectors: readonly Float32Array[], textCount: number): void {
  const { modelId, dimension } = model;
  if (vectors.length !== textCount)
    throw new EmbeddingUnavailableError("invalid_answer", `${modelId} gave ${vectors.length} vectors for ${textCount} texts`);
  for (const { length } of vectors) {
    if (length !== dimension)
      throw new EmbeddingUnavailableError(
        "wrong_dimension",
        `${modelId} gave a vector of ${length} components, not of ${dimension}`,
      );
  }
  if (!vectors.every((vector) => vector.every(Number.isFinite)))
    throw new EmbeddingUnavailableError(
      "invalid_answer",
      `${modelId} gave a vector that holds something other than finite numbers`,
    );
}
