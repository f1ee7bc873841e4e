import type { Transaction } from "./database.ts";
import { type VectorForm, vectorBytes, writeVector } from "./vector-codec.ts";

/** A column of rows that are copied: how the value of a row is written in PostgreSQL's binary form. */
export interface CopyColumn<Row> {
  readonly name: string;
  readonly write: (row: Row, writer: CopyWriter) => void;
}

/**
 * Inserts rows by `copy … from stdin (format binary)`: PostgreSQL reads no text, plans nothing, and fills a page at a time. What
 * conflicts with a stored row fails the transaction.
 *
 * @param name what metrics and logs call the statement.
 * @param into the table, and what it gets; columns that are left out take their defaults.
 */
export async function copyRows<Row>(
  copy: NonNullable<Transaction["copy"]>,
  name: string,
  into: { readonly table: string; readonly columns: readonly CopyColumn<Row>[] },
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = into.columns.map((column) => column.name).join(", ");
  await copy(name, `copy ${into.table} (${names}) from stdin (format binary)`, encodeRows(into.columns, rows));
}

/** Large enough that the driver's work for each piece does not count. */
const pieceBytes = 64 * 1024;

/** Signature, flags, and the length of a header extension, both 0. */
const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");

function encodeRows<Row>(columns: readonly CopyColumn<Row>[], rows: readonly Row[]): Buffer[] {
  const pieces: Buffer[] = [];
  const writer = new CopyWriter();
  writer.raw(header);
  for (const row of rows) {
    writer.int16(columns.length);
    for (const column of columns) column.write(row, writer);
    if (writer.length >= pieceBytes) pieces.push(writer.take());
  }
  // In place of a row's number of columns: the end.
  writer.int16(-1);
  return [...pieces, writer.take()];
}

/** Values of a row one behind the other, each with its length before it; a null is a length of −1. */
export class CopyWriter {
  #buffer = Buffer.allocUnsafe(2 * pieceBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written since the last call. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafe(2 * pieceBytes);
    this.#length = 0;
    return taken;
  }

  null(): void {
    this.int32(-1);
  }

  text(value: string): void {
    // No UTF-16 unit takes more than three bytes of UTF-8.
    this.#reserve(4 + 3 * value.length);
    const bytes = this.#buffer.write(value, this.#length + 4, "utf8");
    this.int32(bytes);
    this.#length += bytes;
  }

  /** A version stands before the text. */
  json(value: unknown): void {
    const text = JSON.stringify(value);
    this.#reserve(5 + 3 * text.length);
    const bytes = this.#buffer.write(text, this.#length + 5, "utf8");
    this.int32(1 + bytes);
    this.#buffer[this.#length] = 1;
    this.#length += 1 + bytes;
  }

  uuid(value: string): void {
    this.int32(16);
    this.#reserve(16);
    this.#length += this.#buffer.write(value.replaceAll("-", ""), this.#length, "hex");
  }

  bytes(value: Uint8Array): void {
    this.int32(value.length);
    this.raw(value);
  }

  vector(table: VectorForm, vector: Float32Array): void {
    const bytes = vectorBytes(table, vector);
    this.int32(bytes);
    this.#reserve(bytes);
    writeVector(table, vector, this.#buffer.subarray(this.#length, this.#length + bytes));
    this.#length += bytes;
  }

  smallint(value: number): void {
    this.int32(2);
    this.int16(value);
  }

  integer(value: number): void {
    this.int32(4);
    this.int32(value);
  }

  /** Microseconds since 2000. */
  timestamp(value: Date): void {
    this.int32(8);
    this.#reserve(8);
    this.#length = this.#buffer.writeBigInt64BE(BigInt(value.getTime() - Date.UTC(2000, 0, 1)) * 1_000n, this.#length);
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#length = this.#buffer.writeInt16BE(value, this.#length);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** A vector in the form of the table that holds it. */
export function vectorColumn<Row>(name: string, table: VectorForm, vectorOf: (row: Row) => Float32Array): CopyColumn<Row> {
  return { name, write: (row, writer) => writer.vector(table, vectorOf(row)) };
}
