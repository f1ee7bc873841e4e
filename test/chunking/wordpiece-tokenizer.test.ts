import { globSync, readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadTokenizer } from "../../src/chunking/wordpiece-tokenizer.ts";
import { StartupError } from "../../src/domain/errors.ts";

const json = readFileSync(new URL("../../models/e5-small-v2/tokenizer.json", import.meta.url), "utf8");
const tokenizer = loadTokenizer(json);
const reference = new Tokenizer(JSON.parse(json), {});

function referenceIds(text: string): number[] {
  return reference.encode(text, { add_special_tokens: false }).ids;
}

const texts: [name: string, text: string][] = [
  ["nothing", ""],
  ["white space only", " \t\r\n\u00a0\u3000\u2028"],
  ["English", "The quick brown fox doesn't jump over antidisestablishmentarianism, 3.14 times (or $5.00)!"],
  ["accents, composed and not", "Zürich façade Ångström naïve cafe\u0301 e\u0301\u0323 İstanbul ǅ"],
  ["Chinese and Japanese", "检索增强生成。日本語のテキスト、カタカナとひらがな！ ㍿ 豈 𠀀𠀁 漢字kanji漢字"],
  ["Korean, which decomposes", "안녕하세요 세계"],
  ["emoji with joiners and skin tones", "👩‍👩‍👧‍👦 ok 👍🏽👍 🇩🇪🇫🇷 ❤️"],
  ["right to left with marks", "שָׁלוֹם עולם ‏مرحبا بِالعَالَم‎"],
  ["Indic scripts", "नमस्ते दुनिया கணினி ขอบคุณ"],
  ["controls, as the model drops them", "a\u0000b\u0007c\u000bd\u0085e\ufeff\ufffdf\u200bg\ue000h\u00adi"],
  ["lone surrogates", "a\ud800b \udc00c"],
  [
    "words at and above the length limit",
    `${"a".repeat(100)} ${"a".repeat(101)} ${"é".repeat(101)} ${"한".repeat(40)} ${"𐐷".repeat(100)} ${"𐐷".repeat(101)}`,
  ],
  ["special tokens written out", "see [SEP] and x[CLS]y [sep] [MASK [PAD][UNK]] [[CLS]"],
  ["continuations written out", "##ing #ing a##ing"],
  ["signs whose base is punctuation", "a≠b ≮ ≯ \u1fef ;\u0301 ="],
  ["final sigma", "ΟΔΥΣΣΕΥΣ ΑΣ.Α ΑΣ. Α ΑΣ'Α Σ ΣΑΣ \u200bΑΣ\u200bΑ Α\u0301Σ, Σ\nΣ ΑΣ\tΑ ΑΣ\r\nΑ"],
];

describe("the WordPiece tokenizer", () => {
  it.each(texts)("gives the ids of the reference for %s", (_name, text) => {
    expect(tokenizer.encodeIds(text)).toEqual(referenceIds(text));
    expect(tokenizer.countTokens(text)).toBe(tokenizer.encodeIds(text).length);
  });

  it("gives the ids of the reference for real documentation", () => {
    const files = globSync("node_modules/*/README.md").sort().slice(0, 40);
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const text = readFileSync(file, "utf8").slice(0, 20_000);
      expect(tokenizer.encodeIds(text), file).toEqual(referenceIds(text));
    }
  });

  it("gives the ids of the reference for any text", () => {
    const snippet = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.string({ unit: "grapheme", maxLength: 20 }),
      fc.constantFrom(...texts.map(([, text]) => text), "Σ", "Α", "'", ".", "\u0301", "[SEP]", " ", "\n"),
    );
    fc.assert(
      fc.property(fc.array(snippet, { maxLength: 8 }), (snippets) => {
        const text = snippets.join("");
        expect(tokenizer.encodeIds(text)).toEqual(referenceIds(text));
      }),
      { numRuns: 500 },
    );
  });

  it("knows the ids of the special tokens", () => {
    const { clsId, sepId, padId, unknownId } = tokenizer;
    expect({ clsId, sepId, padId, unknownId }).toEqual({ clsId: 101, sepId: 102, padId: 0, unknownId: 100 });
  });

  it("gives the words that fit a number of tokens, with their places", () => {
    const text = "Hello, unaffable world";
    expect(tokenizer.firstWords(text, { start: 0, end: text.length, tokensMax: 4 })).toEqual({
      words: [
        { start: 0, end: 5, tokenCount: 1 },
        { start: 5, end: 6, tokenCount: 1 },
      ],
      stop: 7,
    });
    expect(tokenizer.firstWords(text, { start: 17, end: text.length, tokensMax: 4 })).toEqual({
      words: [{ start: 17, end: 22, tokenCount: 1 }],
      stop: 22,
    });
  });

  it("counts a word that the end of the range cuts as what is left of it", () => {
    const text = "x".repeat(200);
    expect(tokenizer.firstWords(text, { start: 0, end: 10, tokensMax: 100 }).words).toEqual([
      { start: 0, end: 10, tokenCount: tokenizer.countTokens("x".repeat(10)) },
    ]);
  });

  it("refuses the tokenizer of another kind of model", () => {
    expect(() =>
      loadTokenizer(JSON.stringify({ added_tokens: [], model: { type: "BPE" }, normalizer: { type: "NFC" } })),
    ).toThrow(StartupError);
  });
});
