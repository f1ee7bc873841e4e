import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { sentencesOf } from "../../src/chunking/sentences.ts";
import { loadTokenizer } from "../../src/chunking/wordpiece-tokenizer.ts";

const tokenizer = loadTokenizer(
  readFileSync(fileURLToPath(new URL("../../models/e5-small-v2/tokenizer.json", import.meta.url)), "utf8"),
);
const textsOf = (text: string) => sentencesOf(tokenizer, text).map(({ start, end }) => text.slice(start, end));

describe("sentences", () => {
  it.each([
    ["English", 'He paid 3.14 euros. "Really?" she asked! Yes.', ["He paid 3.14 euros.", '"Really?"', "she asked!", "Yes."]],
    ["Chinese, without spaces", "今天很冷。明天会下雨！", ["今天很冷。", "明天会下雨！"]],
    ["Hindi", "यह एक वाक्य है। यह दूसरा है।", ["यह एक वाक्य है।", "यह दूसरा है।"]],
    ["paragraphs without marks", "a title\n\nand its text", ["a title", "and its text"]],
  ])("end as in %s", (_, text, sentences) => {
    expect(textsOf(text)).toEqual(sentences);
  });

  it("hold every word and its tokens once", () => {
    const text = "One sentence here. Another, with a 🎈!\n\nAnd the rest of it";
    const sentences = sentencesOf(tokenizer, text);
    expect(sentences.reduce((sum, { tokenCount }) => sum + tokenCount, 0)).toBe(tokenizer.countTokens(text));
  });

  it("are none in a text without words", () => {
    expect(sentencesOf(tokenizer, " \n ")).toEqual([]);
  });
});
