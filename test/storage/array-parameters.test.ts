import { describe, expect, it } from "vitest";
import { byteaArray, integerArray, jsonArray, textArray, tsvectorArray, uuidArray } from "../../src/storage/array-parameters.ts";
import { testDatabases } from "../support/databases.ts";
import { useStorage } from "../support/test-storage.ts";

const texts = ["", "plain", '"quoted" \\ {braces}, NULL', null, "Zürich 🎈 東京", "NULL", "line\nline", undefined];
const uuids = ["0190a0b0-1111-7abc-8def-0123456789ab", null, "ffffffff-ffff-ffff-ffff-ffffffffffff"];
const bytes = [Buffer.alloc(0), Buffer.from([0, 255, 92, 10]), null];
const integers = [0, -1, 2_147_483_647, -2_147_483_648, null];
/** `'a':1`, as it is sent: how many words, and of each its letters, how many places, and each of these. */
const words = [Buffer.from([0, 0, 0, 1, 97, 0, 0, 1, 0, 1]), Buffer.alloc(4), null];
const json = [{ a: [1, null, "ä🎈"], "b\\": { c: true } }, {}, []];

describe.each(testDatabases())("arrays as parameters on $name", (kind) => {
  const storage = useStorage(kind);

  it.each([
    ["text", textArray(texts), texts.map((text) => text ?? null)],
    ["uuid", uuidArray(uuids), uuids],
    ["bytea", byteaArray(bytes), bytes],
    ["integer", integerArray(integers), integers],
    ["tsvector", tsvectorArray(words), ["'a':1", "", null]],
    ["jsonb", jsonArray(json.map((value) => JSON.stringify(value))), json],
  ])("of %s hold the values in their order, nulls included", async (type, parameter, values) => {
    expect(await read(type, parameter)).toEqual(values);
  });

  it.each([
    ["text", textArray([])],
    ["uuid", uuidArray([])],
    ["bytea", byteaArray([])],
    ["integer", integerArray([])],
    ["tsvector", tsvectorArray([])],
    ["jsonb", jsonArray([])],
  ])("of %s may be empty", async (type, parameter) => {
    expect(await read(type, parameter)).toEqual([]);
  });

  it("hold texts of several megabytes", async () => {
    const long = "a🎈".repeat(1_000_000);
    expect(await read("text", textArray([long, "short"]))).toEqual([long, "short"]);
  });

  async function read(type: string, parameter: Buffer): Promise<unknown[]> {
    const { rows } = await storage().database.query<{ value: unknown }>(
      "read_array",
      `select value from unnest($1::${type}[]) with ordinality as a (value, n) order by n`,
      [parameter],
    );
    return rows.map((row) => row.value);
  }
});
