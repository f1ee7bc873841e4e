import { expect, it } from "vitest";
import { isStopWord } from "../../src/search/stop-words.ts";

it.each(["the", "The", "what's", "don't", "isn’t", "we'll", "I"])("takes %s for a stop word", (word) => {
  expect(isStopWord(word)).toBe(true);
});

it.each(["coffee", "US", "WHO", "IT", "o'neill", "", "'"])("takes %o for a word that counts", (word) => {
  expect(isStopWord(word)).toBe(false);
});
