import { describe, expect, it } from "vitest";
import { divideIntoBatches, estimateTokens, mayHaveMoreTokens, shortenText } from "../../src/embedding/text-batches.ts";

describe("batches of texts", () => {
  it("hold at most so many texts and tokens, in order", () => {
    const texts = ["a".repeat(30), "b".repeat(30), "c".repeat(30), "d", "e", "f"];
    expect(texts.map(estimateTokens)).toEqual([10, 10, 10, 1, 1, 1]);
    const lengths = (textsMax: number, tokensMax: number) =>
      divideIntoBatches(texts, { textsMax, tokensMax }).map((batch) => batch.map(([letter]) => letter).join(""));
    expect(lengths(10, 1_000)).toEqual(["abcdef"]);
    expect(lengths(4, 1_000)).toEqual(["abcd", "ef"]);
    expect(lengths(10, 20)).toEqual(["ab", "cdef"]);
    expect(lengths(10, 5)).toEqual(["a", "b", "c", "def"]);
    expect(divideIntoBatches([], { textsMax: 1, tokensMax: 1 })).toEqual([]);
  });
});

describe("a shortened text", () => {
  it("is half as long, and as long as what surely fits at least", () => {
    expect(shortenText("a".repeat(100), 10)).toBe("a".repeat(50));
    expect(shortenText("a".repeat(100), 80)).toBe("a".repeat(80));
    expect(mayHaveMoreTokens("a".repeat(80), 80)).toBe(false);
    expect(mayHaveMoreTokens("a".repeat(81), 80)).toBe(true);
  });

  it("ends with a whole character and keeps its beginning, a byte order mark included", () => {
    expect(shortenText("ééé", 1)).toBe("é");
    expect(shortenText("😀😀", 5)).toBe("😀");
    expect(shortenText("\uFEFFabcdefgh", 1)).toBe("\uFEFFab");
  });

  it("becomes shorter until it surely fits", () => {
    let text = "日本語".repeat(500);
    for (let round = 0; round < 10 && mayHaveMoreTokens(text, 512); round++) text = shortenText(text, 512);
    expect(mayHaveMoreTokens(text, 512)).toBe(false);
    expect(text.length).toBeGreaterThan(160);
  });
});
