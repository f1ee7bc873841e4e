import { describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { vectorArrayParameter, vectorParameter } from "../../src/storage/vector-codec.ts";
import { testDatabases } from "../support/databases.ts";
import { useStorage } from "../support/test-storage.ts";

const vectorTypes = ["halfvec", "vector"] as const;

// Numbers that half floats round, underflow and keep, and more components than one byte counts.
const vectors = [
  Float32Array.of(1, -0.333333, 0.000061, 0, 65_504),
  Float32Array.of(1e-9, -1e-6, 0.1, 0.2, 0.30000001, -5.9604645e-8),
  embedHashedWords("a text of some words", 384),
];

describe.each(testDatabases())("vectors as parameters on $name", (kind) => {
  const storage = useStorage(kind);

  it.each(vectorTypes)("are read as the same %s as if they were written out", async (vectorType) => {
    for (const vector of vectors) {
      const { rows } = await storage().database.query<{ binary: string; text: string }>(
        "read_vector",
        `select $1::${vectorType}::text as binary, $2::${vectorType}::text as text`,
        [vectorParameter({ vectorType }, vector), `[${vector.join(",")}]`],
      );
      expect(rows[0]?.binary).toBe(rows[0]?.text);
    }
  });

  it.each(vectorTypes)("make an array of %s in their order, also of different lengths, and of none", async (vectorType) => {
    const read = async (given: readonly Float32Array[]) => {
      const { rows } = await storage().database.query<{ vector: string; text: string }>(
        "read_vectors",
        `select a.vector::text as vector, b.vector::text as text
         from unnest($1::${vectorType}[]) with ordinality as a (vector, n)
         full join unnest($2::${vectorType}[]) with ordinality as b (vector, n) using (n)
         order by n`,
        [vectorArrayParameter({ vectorType }, given), given.map((vector) => `[${vector.join(",")}]`)],
      );
      return rows;
    };
    const rows = await read(vectors);
    expect(rows).toHaveLength(vectors.length);
    expect(rows.map((row) => row.vector)).toEqual(rows.map((row) => row.text));
    expect(await read([])).toEqual([]);
  });

  it("may be part of a larger array", async () => {
    const whole = Float32Array.of(9, 1, 2, 3, 9);
    const { rows } = await storage().database.query<{ vector: string }>("read_vector", "select $1::vector::text as vector", [
      vectorParameter({ vectorType: "vector" }, whole.subarray(1, 4)),
    ]);
    expect(rows).toEqual([{ vector: "[1,2,3]" }]);
    expect([...whole]).toEqual([9, 1, 2, 3, 9]);
  });
});
