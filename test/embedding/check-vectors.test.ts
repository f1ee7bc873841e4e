import { describe, expect, it } from "vitest";
import { checkVectors } from "../../src/embedding/check-vectors.ts";
import { EmbeddingUnavailableError } from "../../src/embedding/embedding-failure.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";

const { model } = createHashingEmbedder({ dimension: 2 });
const good = new Float32Array([0.6, 0.8]);

describe("vectors of an embedder", () => {
  it("are taken if there is one of finite numbers for each text", () => {
    expect(() => checkVectors(model, [good, good], 2)).not.toThrow();
    expect(() => checkVectors(model, [], 0)).not.toThrow();
  });

  it.each([
    ["too few", [good], 2, "gave 1 vectors for 2 texts"],
    ["too many", [good, good], 1, "gave 2 vectors for 1 texts"],
    ["of another dimension", [new Float32Array(3)], 1, "3 components, not of 2"],
    ["not of numbers", [new Float32Array([Number.NaN, 1])], 1, "something other than finite numbers"],
    ["of infinite numbers", [new Float32Array([1, Number.POSITIVE_INFINITY])], 1, "something other than finite numbers"],
  ])("are refused if they are %s", (_what, vectors, textCount, message) => {
    expect(() => checkVectors(model, vectors, textCount)).toThrow(EmbeddingUnavailableError);
    expect(() => checkVectors(model, vectors, textCount)).toThrow(message);
  });
});
