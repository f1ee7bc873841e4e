import { describe, expect, it } from "vitest";
import { checkEmbedding } from "../../src/documents/check-embedding.ts";
import type { GivenEmbedding } from "../../src/domain/document.ts";
import { InvalidInputError } from "../../src/domain/errors.ts";
import { packVectors } from "../support/pack-vectors.ts";

const table = { modelId: "hashing/3", dimension: 3 };
const vector = (...values: number[]) => Float32Array.from(values);

const packed = (...vectors: readonly Float32Array[]) => packVectors(vectors);

function violationsOf(vectors: GivenEmbedding["vectors"], { modelId = "hashing/3", leaves = vectors.length } = {}) {
  try {
    checkEmbedding(table, { modelId, vectors }, leaves);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.violations;
    throw error;
  }
  throw new Error("the vectors should have been refused");
}

describe("a client's vectors", () => {
  it("come back in their order and of unit length, however long they were", () => {
    const [first, second, third] = checkEmbedding(
      table,
      { modelId: "hashing/3", vectors: [vector(3, 0, 4), vector(0, 1e-30, 0), vector(3e38, 0, -3e38)] },
      3,
    );
    expect(first).toEqual(vector(0.6, 0, 0.8));
    expect(second).toEqual(vector(0, 1, 0));
    expect(third).toEqual(vector(Math.SQRT1_2, 0, -Math.SQRT1_2));
  });

  it("are the same when they come packed, wherever in memory", () => {
    const vectors = [vector(3, 0, 4), vector(0, -1, 0), vector(0.6, 0.8, 0)];
    const shifted = Buffer.concat([Buffer.alloc(1), packed(...vectors)]).subarray(1);
    const given = { modelId: "hashing/3", vectors: shifted };
    expect(checkEmbedding(table, given, 3)).toEqual(checkEmbedding(table, { ...given, vectors }, 3));
  });

  it.each([
    ["one too few", packed(vector(1, 0, 0)), "12 bytes"],
    ["one too many", packed(vector(1, 0, 0), vector(1, 0, 0), vector(1, 0, 0)), "36 bytes"],
    ["half a number", packed(vector(1, 0, 0), vector(1, 0, 0)).subarray(1), "23 bytes"],
  ])("are refused when packed if they are %s", (_name, bytes, said) => {
    const [violation, ...others] = violationsOf(bytes, { leaves: 2 });
    expect(others).toEqual([]);
    expect(violation).toMatchObject({ field: "embedding.packed_vectors", rule: "embedding.leaves" });
    expect(violation?.description).toContain(`${said}, of which a vector takes 12, for a text of 2;`);
  });

  it("are looked at one by one when packed as well", () => {
    const bytes = packed(vector(1, 0, 0), vector(0, 0, 0), vector(1, Number.POSITIVE_INFINITY, 0));
    expect(violationsOf(bytes, { leaves: 3 })).toMatchObject([
      { field: "embedding.packed_vectors[1]", rule: "embedding.zero" },
      { field: "embedding.packed_vectors[2]", rule: "embedding.finite" },
    ]);
  });

  it.each([
    ["of another dimension", vector(1, 0), "embedding.dimension"],
    ["with a value that is no number", vector(1, Number.NaN, 0), "embedding.finite"],
    ["with an infinite value", vector(1, 0, Number.NEGATIVE_INFINITY), "embedding.finite"],
    ["of zeros", vector(0, 0, -0), "embedding.zero"],
  ])("are refused if one is %s, and it is named", (_name, bad, rule) => {
    expect(violationsOf([vector(1, 0, 0), bad])).toMatchObject([{ field: "embedding.vectors[1].values", rule }]);
  });

  it("are refused if they are of another model, which the error names with the right one", () => {
    expect(violationsOf([vector(1, 0, 0)], { modelId: "local/e5-small-v2" })).toMatchObject([
      { field: "embedding.model", rule: "embedding.model", description: expect.stringContaining("hashing/3") },
    ]);
  });

  it.each([
    [1, 2],
    [2, 1],
  ])("are refused if there are %i for %i leaves, with the way to get them", (count, leaves) => {
    const vectors = Array.from({ length: count }, () => vector(1, 0, 0));
    const [violation] = violationsOf(vectors, { leaves });
    expect(violation).toMatchObject({ field: "embedding.vectors", rule: "embedding.leaves" });
    expect(violation?.description).toMatch(new RegExp(`are ${count} for a text of ${leaves};.*GetChunks`));
  });

  it("are not all named when many are bad, since an error has to fit into headers", () => {
    expect(violationsOf(Array.from({ length: 1_000 }, () => vector(0, 0, 0)))).toHaveLength(10);
  });
});
