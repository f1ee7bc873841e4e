import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bestCut, type CutPreference } from "../../src/chunking/cut-preference.ts";
import { loadTokenizer } from "../../src/chunking/wordpiece-tokenizer.ts";

const tokenizer = loadTokenizer(readFileSync(new URL("../../models/e5-small-v2/tokenizer.json", import.meta.url), "utf8"));

/** What is left of the cut, of a window that reaches to the end of the text. */
function cutOff(text: string, preference: CutPreference): string | undefined {
  const { words } = tokenizer.firstWords(text, { start: 0, end: text.length, tokensMax: 1_000 });
  // A next word follows the window.
  const cut = bestCut(`${text}x`, { start: 0, stop: text.length, earliest: 1, words }, preference);
  return cut === undefined ? undefined : text.slice(0, cut);
}

const start = "A long beginning of the window that is not considered for a cut because it is too early ";

describe("a window", () => {
  it.each<[what: string, left: string, right: string]>([
    ["a sentence", "One ends. ", "Two, then"],
    ["a sentence in quotation marks", 'He said "Go!" ', "Then he"],
    ["a sentence in Chinese", "一句话。", "第二，句"],
    ["a quoted sentence in Japanese", "「行こう。」", "と言った、彼"],
    ["a sentence in Hindi", "यह अंत है। ", "अगला वाक्य"],
    ["a paragraph without a full stop", "A title\n\n", "Its, text"],
    ["a clause before a mere space", "First, ", "second third"],
    ["a line before a mere space", "First\n", "second third"],
    ["a clause in Chinese", "第一，", "第二第三"],
  ])("ends after %s", (_what, left, right) => {
    expect(cutOff(start + left + right, "sentence")).toBe(start + left);
  });

  it("does not end within a number or an address", () => {
    expect(cutOff(`${start}is 3.14 at a.b`, "sentence")).toBe(`${start}is 3.14 at `);
  });

  it("is not made much smaller only to end well", () => {
    expect(cutOff("Early end. this goes on and on and on and on and", "sentence")).toBe(
      "Early end. this goes on and on and on and on ",
    );
  });

  it("ends at the last space if words are what counts", () => {
    expect(cutOff(`${start}One ends. Two three`, "word")).toBe(`${start}One ends. Two `);
  });

  it("ends at a paragraph, else at a sentence, however early, if paragraphs are what counts", () => {
    expect(cutOff("First.\n\nSecond. It goes on and on and on and", "paragraph")).toBe("First.\n\n");
    expect(cutOff("Second. It goes on and on and on and", "paragraph")).toBe("Second. ");
  });

  it("has no best end in a text without any", () => {
    expect(cutOff("$$$$$$$$$$", "sentence")).toBeUndefined();
  });
});
