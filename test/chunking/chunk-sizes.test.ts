import { describe, expect, it } from "vitest";
import { chunkSizes } from "../../src/chunking/chunk-sizes.ts";

const input = { documentType: "text", textChars: 10_000, options: {}, leafTokensMax: 508 } as const;

describe("the sizes of chunks", () => {
  it("are those of the type for a text of ordinary length", () => {
    expect(chunkSizes(input)).toEqual({ parentTokens: 600, leafTokens: 300, leafChars: 4_800, overlapTokens: 25 });
  });

  it.each([
    [1, 600, 300, 25],
    [999, 600, 300, 25],
    [50_000, 600, 300, 25],
    [50_001, 900, 360, 25],
  ])("of a text of %i characters are %i, %i and %i tokens", (textChars, parentTokens, leafTokens, overlapTokens) => {
    expect(chunkSizes({ ...input, textChars })).toMatchObject({ parentTokens, leafTokens, overlapTokens });
  });

  it("stop at 1,200 and 500 tokens for long texts", () => {
    expect(chunkSizes({ ...input, documentType: "pdf", textChars: 60_000 })).toMatchObject({
      parentTokens: 1_200,
      leafTokens: 480,
    });
  });

  it("are the client's, a parent being two leaves", () => {
    const options = { chunkTokens: 100, overlapTokens: 10 };
    expect(chunkSizes({ ...input, options })).toEqual({
      parentTokens: 200,
      leafTokens: 100,
      leafChars: 1_600,
      overlapTokens: 10,
    });
  });

  it("never exceed what the model takes, nor half a leaf of overlap", () => {
    const options = { chunkTokens: 2_000, overlapTokens: 1_900 };
    expect(chunkSizes({ ...input, options })).toMatchObject({ parentTokens: 1_016, leafTokens: 508, overlapTokens: 254 });
    expect(chunkSizes({ ...input, leafTokensMax: 20 })).toMatchObject({ leafTokens: 20, overlapTokens: 10 });
  });

  it.each([
    ["hierarchical", 25],
    ["sliding_window", 25],
    ["fixed_size", 0],
    ["semantic", 0],
  ] as const)("with the strategy %s overlap by %i tokens unless asked for", (strategy, overlapTokens) => {
    expect(chunkSizes({ ...input, options: { strategy } }).overlapTokens).toBe(overlapTokens);
    expect(chunkSizes({ ...input, options: { strategy, overlapTokens: 7 } }).overlapTokens).toBe(7);
  });
});
