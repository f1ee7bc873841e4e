import type { GivenEmbedding } from "../domain/document.ts";
import { type FieldViolation, InvalidInputError } from "../domain/errors.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";

/** Vectors that one error names at most. */
const violationsMax = 10;

/**
 * The vectors that a client made itself, as they are stored: of unit length, one per leaf, in the order of the leaves.
 *
 * @throws InvalidInputError if they are of another model or dimension, too many or too few, or none to compare with.
 */
export function checkEmbedding(
  table: Pick<EmbeddingTable, "modelId" | "dimension">,
  { modelId, vectors }: GivenEmbedding,
  leafCount: number,
): Float32Array[] {
  if (modelId !== table.modelId) {
    const description = `is not ${table.modelId}, the model that is active here; vectors of two models cannot be compared`;
    throw new InvalidInputError([{ field: "embedding.model", rule: "embedding.model", description }]);
  }
  if (vectors.length !== leafCount) {
    const description =
      `must be one per chunk, but are ${vectors.length} for a text of ${leafCount}; add the document without embedding, read its ` +
      "chunks with GetChunks and add it again with a vector for each, or choose a chunking that keeps it whole";
    throw new InvalidInputError([{ field: "embedding.vectors", rule: "embedding.leaves", description }]);
  }
  const violations: FieldViolation[] = [];
  for (const [index, vector] of vectors.entries()) {
    const fault = faultOf(vector, table);
    if (fault) violations.push({ field: `embedding.vectors[${index}].values`, ...fault });
    if (violations.length === violationsMax) break;
  }
  if (violations.length > 0) throw new InvalidInputError(violations);
  return vectors.map(toUnitLength);
}

function faultOf(
  vector: Float32Array,
  { modelId, dimension }: Pick<EmbeddingTable, "modelId" | "dimension">,
): Omit<FieldViolation, "field"> | undefined {
  if (vector.length !== dimension)
    return { rule: "embedding.dimension", description: `are ${vector.length}, but ${modelId} has ${dimension} dimensions` };
  const length = lengthOf(vector);
  // Squares of finite floats do not add up to infinity in double precision.
  if (!Number.isFinite(length)) return { rule: "embedding.finite", description: "must be finite numbers" };
  if (length === 0) return { rule: "embedding.zero", description: "are all zero, which points nowhere" };
  return undefined;
}

function toUnitLength(vector: Float32Array): Float32Array {
  const length = lengthOf(vector);
  const scaled = new Float32Array(vector.length);
  // A loop takes a fifth of the time of `map`, and a load has millions of numbers.
  for (let index = 0; index < vector.length; index++) scaled[index] = (vector[index] ?? 0) / length;
  return scaled;
}

/** In double precision, which holds the squares of the largest and of the smallest floats. */
function lengthOf(vector: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < vector.length; index++) sum += (vector[index] ?? 0) ** 2;
  return Math.sqrt(sum);
}
