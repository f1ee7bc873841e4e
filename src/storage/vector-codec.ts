import { arrayParameter } from "./array-parameters.ts";
import type { EmbeddingTable } from "./embedding-models.ts";

/** What is needed of a table to write its vectors down. */
export type VectorForm = Pick<EmbeddingTable, "vectorType">;

/** Dimension and a reserved number, two bytes each, stand before the components. */
const vectorHeaderBytes = 4;

/**
 * A vector in pgvector's binary form: for one parameter `$n::halfvec` or `$n::vector`, whichever `table.vectorType` says. The driver
 * sends a Buffer as it is.
 */
export function vectorParameter(table: VectorForm, vector: Float32Array): Buffer {
  const parameter = Buffer.alloc(vectorBytes(table, vector));
  writeVector(table, vector, parameter);
  return parameter;
}

/** For one parameter `$n::halfvec[]` or `$n::vector[]`. */
export function vectorArrayParameter(table: VectorForm, vectors: readonly Float32Array[]): Buffer {
  return arrayParameter(vectors, {
    // An extension's number differs between databases, and since version 14 PostgreSQL goes by the type of the parameter.
    typeId: 0,
    byteLength: (vector) => vectorBytes(table, vector),
    write: (vector, target) => writeVector(table, vector, target),
  });
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
