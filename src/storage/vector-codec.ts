import type { EmbeddingTable } from "./embedding-models.ts";

/** What is needed of a table to write its vectors down. */
export type VectorForm = Pick<EmbeddingTable, "vectorType">;

/** Dimension and a reserved number, two bytes each, stand before the components. */
const vectorHeaderBytes = 4;

/** Number of dimensions, whether there are nulls, type of the elements, length, lower bound: four bytes each. */
const arrayHeaderBytes = 20;

/**
 * A vector in pgvector's binary form: for one parameter `$n::halfvec` or `$n::vector`, whichever `table.vectorType` says. The driver
 * sends a Buffer as it is.
 */
export function vectorParameter(table: VectorForm, vector: Float32Array): Buffer {
  const parameter = Buffer.alloc(vectorBytes(table, vector));
  writeVector(table, vector, parameter);
  return parameter;
}

/** Vectors in PostgreSQL's binary form of an array: for one parameter `$n::halfvec[]` or `$n::vector[]`. */
export function vectorArrayParameter(table: VectorForm, vectors: readonly Float32Array[]): Buffer {
  const bytes = vectors.reduce((sum, vector) => sum + 4 + vectorBytes(table, vector), arrayHeaderBytes);
  const parameter = Buffer.alloc(vectors.length === 0 ? 12 : bytes);
  // An empty array has no dimension. The type of the elements stays 0: an extension's number differs between databases, and since
  // version 14 PostgreSQL goes by the type of the parameter.
  parameter.writeInt32BE(vectors.length === 0 ? 0 : 1, 0);
  if (vectors.length === 0) return parameter;
  parameter.writeInt32BE(vectors.length, 12);
  parameter.writeInt32BE(1, 16);
  let offset = arrayHeaderBytes;
  for (const vector of vectors) {
    const length = vectorBytes(table, vector);
    parameter.writeInt32BE(length, offset);
    writeVector(table, vector, parameter.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  return parameter;
}

function vectorBytes(table: VectorForm, vector: Float32Array): number {
  return vectorHeaderBytes + vector.length * (table.vectorType === "halfvec" ? 2 : 4);
}

/** Components are written in this machine's order and swapped at once, which is many times faster than one by one. */
function writeVector(table: VectorForm, vector: Float32Array, target: Buffer): void {
  target.writeInt16BE(vector.length, 0);
  if (table.vectorType === "halfvec") bytesOf(new Float16Array(vector)).swap16().copy(target, vectorHeaderBytes);
  else Buffer.from(bytesOf(vector)).swap32().copy(target, vectorHeaderBytes);
}

function bytesOf(array: Float16Array | Float32Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
