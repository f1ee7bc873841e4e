/** A text as sentences, by the same marks after which windows are cut: of many languages, with and without spaces. */
import { endsSentence } from "./cut-preference.ts";
import type { WordPieceTokenizer, WordSpan } from "./wordpiece-tokenizer.ts";

/** A half-open range of UTF-16 units, from its first word to the end of its last. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
  /** Punctuation included. */
  readonly words: readonly WordSpan[];
  readonly tokenCount: number;
}

/** @returns in text order; what no word is in belongs to none. */
export function sentencesOf(tokenizer: WordPieceTokenizer, text: string): Sentence[] {
  const { words } = tokenizer.firstWords(text, { start: 0, end: text.length, tokensMax: Number.POSITIVE_INFINITY });
  const sentences: Sentence[] = [];
  let first = 0;
  for (const [index, word] of words.entries()) {
    const next = words[index + 1];
    if (next && !endsSentence(text, word.end, next.start)) continue;
    const own = words.slice(first, index + 1);
    const tokenCount = own.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
    sentences.push({ start: own[0]?.start ?? 0, end: word.end, words: own, tokenCount });
    first = index + 1;
  }
  return sentences;
}
