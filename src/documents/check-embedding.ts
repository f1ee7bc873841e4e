import type { GivenEmbedding } from "../domain/document.ts";
import { type FieldViolation, InvalidInputError } from "../domain/errors.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";

/** Vectors that one error names at most. */
const violationsMax = 10;

const bytesPerNumber = 4;

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
  const isPacked = vectors instanceof Uint8Array;
  const field = isPacked ? "embedding.packed_vectors" : "embedding.vectors";
  const vectorBytes = bytesPerNumber * table.dimension;
  if (vectors.length !== (isPacked ? vectorBytes * leafCount : leafCount)) {
    const given = isPacked ? `${vectors.length} bytes, of which a vector takes ${vectorBytes},` : vectors.length;
    const description =
      `must be one per chunk, but are ${given} for a text of ${leafCount}; add the document without embedding, read its ` +
      "chunks with GetChunks and add it again with a vector for each, or choose a chunking that keeps it whole";
    throw new InvalidInputError([{ field, rule: "embedding.leaves", description }]);
  }
  const list = isPacked ? unpack(vectors, table.dimension) : vectors;
  const violations: FieldViolation[] = [];
  for (const [index, vector] of list.entries()) {
    const fault = faultOf(vector, table);
    if (fault) violations.push({ field: isPacked ? `${field}[${index}]` : `${field}[${index}].values`, ...fault });
    if (violations.length === violationsMax) break;
  }
  if (violations.length > 0) throw new InvalidInputError(violations);
  return list.map(toUnitLength);
}

function unpack(packed: Uint8Array, dimension: number): Float32Array[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const numbers = new Float32Array(packed.length / bytesPerNumber);
  for (let index = 0; index < numbers.length; index++) numbers[index] = view.getFloat32(bytesPerNumber * index, true);
  return Array.from({ length: numbers.length / dimension }, (_, index) =>
    numbers.subarray(index * dimension, (index + 1) * dimension),
  );
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
  // As most models give them; 32-bit floats hold no more.
  if (Math.abs(length - 1) < 1e-6) return vector;
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
