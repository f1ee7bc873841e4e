/** Vectors as `DocumentEmbedding.packed_vectors` takes them. */
export function packVectors(vectors: readonly Float32Array[]): Buffer {
  const numbers = vectors.flatMap((vector) => [...vector]);
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeFloatLE(number, 4 * index);
  return bytes;
}
