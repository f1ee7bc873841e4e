import { describe, expect, it } from "vitest";
import {
  codePointBoundaryAtOrBefore,
  createCodePointCounter,
  graphemeBoundaryAtOrBefore,
  offsetAfterCodePoints,
} from "../../src/chunking/grapheme-boundaries.ts";

describe("a grapheme boundary", () => {
  it.each([
    ["ab", 0, 1, 1],
    ["a\u0301b", 0, 1, 0],
    ["xa\u0301b", 0, 2, 1],
    ["xa\u0301b", 0, 3, 3],
    ["a\r\nb", 0, 2, 1],
    ["x👩‍👩‍👧y", 0, 6, 1],
    ["x👍🏽y", 0, 3, 1],
    ["🇩🇪🇫🇷", 0, 8, 8],
    ["🇩🇪🇫🇷", 0, 6, 4],
    ["🇩🇪🇫🇷", 0, 4, 4],
    ["x👍", 0, 2, 1],
    ["ab", 0, 2, 2],
  ])("in %j from %i at or before %i is %i", (text, from, at, boundary) => {
    expect(graphemeBoundaryAtOrBefore(text, from, at)).toBe(boundary);
  });

  it("is the beginning if the grapheme is longer", () => {
    expect(graphemeBoundaryAtOrBefore(`a${"\u0301".repeat(100)}`, 0, 50)).toBe(0);
  });
});

describe("code points", () => {
  it("are not split", () => {
    expect(codePointBoundaryAtOrBefore("x👍y", 2)).toBe(1);
    expect(codePointBoundaryAtOrBefore("x👍y", 3)).toBe(3);
  });

  it("are counted forwards, lone surrogates as one each", () => {
    expect(offsetAfterCodePoints("x👍y\ud800z", { from: 0, end: 6, codePoints: 2 })).toBe(3);
    expect(offsetAfterCodePoints("x👍y\ud800z", { from: 3, end: 6, codePoints: 2 })).toBe(5);
    expect(offsetAfterCodePoints("x👍y", { from: 0, end: 4, codePoints: 9 })).toBe(4);
  });

  it("convert from ascending UTF-16 offsets", () => {
    const codePoints = createCodePointCounter("x👍y\ud800z");
    expect([0, 1, 3, 3, 4, 5, 6].map(codePoints)).toEqual([0, 1, 2, 2, 3, 4, 5]);
  });
});
