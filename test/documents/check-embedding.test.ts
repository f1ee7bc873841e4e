import { describe, expect, it } from "vitest";
import { checkEmbedding } from "../../src/documents/check-embedding.ts";
import { InvalidInputError } from "../../src/domain/errors.ts";

const table = { modelId: "hashing/3", dimension: 3 };
const vector = (...values: number[]) => Float32Array.from(values);

function violationsOf(vectors: readonly Float32Array[], { modelId = "hashing/3", leaves = vectors.length } = {}) {
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
