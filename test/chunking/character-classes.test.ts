import { describe, expect, it } from "vitest";
import {
  characterClass,
  ideographClass,
  ignoredClass,
  punctuationClass,
  spaceClass,
  wordClass,
} from "../../src/chunking/character-classes.ts";

describe("a character", () => {
  it.each([
    ["a", wordClass],
    ["é", wordClass],
    ["€", wordClass],
    ["👍", wordClass],
    ["한", wordClass],
    ["𠀀", wordClass],
    ["漢", ideographClass],
    [" ", spaceClass],
    ["\n", spaceClass],
    ["\u00a0", spaceClass],
    ["\u3000", spaceClass],
    ["\u000b", ignoredClass],
    ["\u0085", ignoredClass],
    ["\ufeff", ignoredClass],
    ["\u200d", ignoredClass],
    ["\u0301", ignoredClass],
    ["\ud800", ignoredClass],
    ["!", punctuationClass],
    ["$", punctuationClass],
    ["。", punctuationClass],
    ["≠", punctuationClass],
  ])("such as %j is of class %i", (character, kind) => {
    expect(characterClass(character.codePointAt(0) ?? 0)).toBe(kind);
  });
});
