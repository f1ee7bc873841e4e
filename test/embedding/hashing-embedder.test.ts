import { describe, expect, it } from "vitest";
import { CancelledError } from "../../src/domain/errors.ts";
import { createHashingEmbedder, embedHashedWords } from "../../src/embedding/hashing-embedder.ts";

// Written by the reference, `DIM=8 python3 hembed.py`'s embed(), which rounds to six digits.
const goldenEightComponents: readonly { text: string; vector: readonly number[] }[] = [
  { text: "", vector: [1, 0, 0, 0, 0, 0, 0, 0] },
  { text: "!?", vector: [1, 0, 0, 0, 0, 0, 0, 0] },
  { text: "The quick brown fox jumps over the lazy dog", vector: [0, 0.218218, 0.218218, 0, 0.654654, 0, 0.218218, -0.654654] },
  { text: "Reset my PASSWORD, reset my password!", vector: [-0.894427, 0, 0, -0.447214, 0, 0, 0, 0] },
  { text: "naïve café №42", vector: [-0.5, 0, 0, 0.5, -0.5, 0.5, 0, 0] },
  { text: "\u212aelvin İstanbul x_y-z 7", vector: [0, 0, 0, 0, 0, 0.57735, -0.57735, 0.57735] },
  { text: "a b c d e f g h", vector: [0.353553, 0.353553, 0.353553, 0.353553, 0.353553, 0.353553, 0.353553, 0.353553] },
];

const never = new AbortController().signal;

describe("hashing embedder", () => {
  it.each(goldenEightComponents)("gives the reference's vector for $text", ({ text, vector }) => {
    const actual = embedHashedWords(text, 8);
    expect(actual).toHaveLength(8);
    for (const [index, component] of vector.entries()) expect(actual[index]).toBeCloseTo(component, 6);
  });

  it("gives the reference's vector in 384 components", () => {
    const components = [...embedHashedWords("how do I reset my password", 384).entries()].filter(
      ([, component]) => component !== 0,
    );
    expect(components.map(([index, component]) => [index, Number(component.toFixed(6))])).toEqual([
      [20, -0.408248],
      [68, 0.408248],
      [147, -0.408248],
      [152, -0.408248],
      [192, -0.408248],
      [269, -0.408248],
    ]);
  });

  it("gives unit vectors, also for texts without tokens", async () => {
    const embedder = createHashingEmbedder({ dimension: 384 });
    const vectors = await embedder.embed(["one two three two", "", "…"], "document", never);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
    expect(vectors[1]?.[0]).toBe(1);
  });

  it("embeds documents and queries alike, in order, however many", async () => {
    const embedder = createHashingEmbedder({ dimension: 16 });
    const texts = Array.from({ length: 100 }, (_, index) => `text number ${index}`);
    const vectors = await embedder.embed(texts, "document", never);
    expect(vectors).toEqual(texts.map((text) => embedHashedWords(text, 16)));
    expect(await embedder.embed(texts, "query", never)).toEqual(vectors);
  });

  it("names itself by its dimension and takes the chunks of the default model", () => {
    expect(createHashingEmbedder({ dimension: 768 }).model).toEqual({
      modelId: "hashing/768",
      provider: "hashing",
      name: "768",
      dimension: 768,
      documentPrefix: "",
      queryPrefix: "",
      chunkTokensMax: 508,
    });
  });

  it("rejects once its caller has gone away", async () => {
    const embedder = createHashingEmbedder({ dimension: 8 });
    await expect(embedder.embed(["text"], "query", AbortSignal.abort())).rejects.toThrow(CancelledError);
  });
});
