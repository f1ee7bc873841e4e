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

export function vectorBytes(table: VectorForm, vector: Float32Array): number {
  return vectorHeaderBytes + vector.length * (table.vectorType === "halfvec" ? 2 : 4);
}

/**
 * Components are written in this machine's order and swapped at once, which is many times faster than one by one.
 *
 * @param target exactly as long as `vectorBytes` says; all of it is written.
 */
export function writeVector(table: VectorForm, vector: Float32Array, target: Buffer): void {
  target.writeInt16BE(vector.length, 0);
  target.writeInt16BE(0, 2);
  const components = target.subarray(vectorHeaderBytes);
  if (table.vectorType === "halfvec") {
    const halves = halvesOf(vector.length);
    halves.values.set(vector);
    halves.bytes.copy(components);
    components.swap16();
  } else {
    Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).copy(components);
    components.swap32();
  }
}

/** Room in which the components of one vector become halves; an array of its own for each would be collected as soon. */
let halves = { values: new Float16Array(0), bytes: Buffer.alloc(0) };

function halvesOf(length: number): typeof halves {
  if (halves.values.length !== length) {
    const values = new Float16Array(length);
    halves = { values, bytes: Buffer.from(values.buffer) };
  }
  return halves;
}
