/**
 * Arrays in PostgreSQL's binary form, which the driver sends as they are. As text each element is escaped, copied several times and
 * parsed again, which for the text of a large document takes several times its size.
 */

/** Number of dimensions, whether there are nulls, type of the elements, length, lower bound: four bytes each. */
const headerBytes = 20;

/** How elements of one type are written; the number of the type is the same in every database. */
export interface ElementForm<T> {
  readonly typeId: number;
  readonly byteLength: (value: T) => number;
  /** @param target exactly as long as `byteLength` says. */
  readonly write: (value: T, target: Buffer) => void;
}

/** For one parameter `$n::type[]`; null and undefined are null. */
export function arrayParameter<T>(values: readonly (T | null | undefined)[], form: ElementForm<T>): Buffer {
  // An empty array has no dimension.
  if (values.length === 0) return header(form, 0, 12);
  const lengths = values.map((value) => (isNull(value) ? -1 : form.byteLength(value)));
  const bytes = lengths.reduce((sum, length) => sum + 4 + Math.max(0, length), headerBytes);
  const parameter = header(form, 1, bytes);
  parameter.writeInt32BE(lengths.includes(-1) ? 1 : 0, 4);
  parameter.writeInt32BE(values.length, 12);
  parameter.writeInt32BE(1, 16);
  let offset = headerBytes;
  for (const [index, value] of values.entries()) {
    const length = lengths[index] ?? -1;
    parameter.writeInt32BE(length, offset);
    offset += 4;
    if (isNull(value)) continue;
    form.write(value, parameter.subarray(offset, offset + length));
    offset += length;
  }
  return parameter;
}

/** For one parameter `$n::text[]`. */
export function textArray(values: readonly (string | null | undefined)[]): Buffer {
  return arrayParameter(values, textForm);
}

/** For one parameter `$n::bytea[]`. */
export function byteaArray(values: readonly (Buffer | null | undefined)[]): Buffer {
  return arrayParameter(values, byteaForm);
}

/** For one parameter `$n::tsvector[]`; each value is as `tsvectorsend` gives it. */
export function tsvectorArray(values: readonly (Buffer | null | undefined)[]): Buffer {
  return arrayParameter(values, tsvectorForm);
}

/** For one parameter `$n::uuid[]`. */
export function uuidArray(values: readonly (string | null | undefined)[]): Buffer {
  return arrayParameter(values, uuidForm);
}

/** For one parameter `$n::integer[]`. */
export function integerArray(values: readonly (number | null | undefined)[]): Buffer {
  return arrayParameter(values, integerForm);
}

/** For one parameter `$n::jsonb[]`; each value is JSON as text. */
export function jsonArray(values: readonly string[]): Buffer {
  return arrayParameter(values, jsonForm);
}

const textForm: ElementForm<string> = {
  typeId: 25,
  byteLength: (text) => Buffer.byteLength(text),
  write: (text, target) => target.write(text),
};

const jsonForm: ElementForm<string> = {
  typeId: 3802,
  // The number of the form stands before the text.
  byteLength: (json) => 1 + Buffer.byteLength(json),
  write: (json, target) => {
    target[0] = 1;
    target.write(json, 1);
  },
};

const byteaForm: ElementForm<Buffer> = {
  typeId: 17,
  byteLength: (bytes) => bytes.length,
  write: (bytes, target) => bytes.copy(target),
};

const tsvectorForm: ElementForm<Buffer> = { ...byteaForm, typeId: 3614 };

const uuidForm: ElementForm<string> = {
  typeId: 2950,
  byteLength: () => 16,
  write: (uuid, target) => target.write(uuid.replaceAll("-", ""), "hex"),
};

const integerForm: ElementForm<number> = {
  typeId: 23,
  byteLength: () => 4,
  write: (value, target) => target.writeInt32BE(value),
};

function header(form: { readonly typeId: number }, dimensions: number, bytes: number): Buffer {
  const parameter = Buffer.alloc(bytes);
  parameter.writeInt32BE(dimensions, 0);
  parameter.writeInt32BE(form.typeId, 8);
  return parameter;
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
