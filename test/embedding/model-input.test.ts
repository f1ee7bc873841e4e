import { describe, expect, it } from "vitest";
import { loadModelTokenizer } from "../../src/embedding/model-files.ts";
import { encodeModelInput } from "../../src/embedding/model-input.ts";

const tokenizer = await loadModelTokenizer();

describe("model input", () => {
  it("puts a text between [CLS] and [SEP]", () => {
    expect(encodeModelInput(tokenizer, "query: hello world", 512)).toEqual({
      ids: BigInt64Array.of(101n, 23032n, 1024n, 7592n, 2088n, 102n),
      truncated: false,
    });
  });

  it("takes a text that fills every position whole", () => {
    const input = encodeModelInput(tokenizer, "word ".repeat(510), 512);
    expect(input.ids).toHaveLength(512);
    expect(input.truncated).toBe(false);
  });

  it("cuts a longer text to the positions and keeps [SEP]", () => {
    const input = encodeModelInput(tokenizer, "word ".repeat(511), 512);
    expect(input.ids).toHaveLength(512);
    expect(input.ids.at(-1)).toBe(102n);
    expect(input.truncated).toBe(true);
  });
});
