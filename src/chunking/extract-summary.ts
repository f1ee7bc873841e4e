import { graphemeBoundaryAtOrBefore } from "./grapheme-boundaries.ts";
import { type Sentence, sentencesOf } from "./sentences.ts";
import type { WordPieceTokenizer, WordSpan } from "./wordpiece-tokenizer.ts";

/**
 * The sentences of a chunk that say most of what the others say, in the order of the text.
 *
 * A word counts for a sentence by how many other sentences share it, less the more common it is among them: n − 1 times ln(N ÷ n) for
 * a word in n of N sentences. So neither a word that stands alone nor one that stands everywhere, such as an article, tells what the
 * text is about, and no list of stop words is needed. The sum is divided by the root of the sentence's words, so that long ones do not
 * always win; of equals the earlier one does, which is how a text of unrelated sentences gives its beginning.
 *
 * @returns at most `tokensMax` tokens and two marks of omission; undefined if the text is not longer, and so its own summary.
 */
export function extractSummary(tokenizer: WordPieceTokenizer, text: string, tokensMax: number): string | undefined {
  const sentences = sentencesOf(tokenizer, text);
  if (sentences.reduce((sum, { tokenCount }) => sum + tokenCount, 0) <= tokensMax) return undefined;
  const scores = centralities(text, sentences);
  const best = sentences
    .map((_, index) => index)
    .sort((left, right) => (scores[right] ?? 0) - (scores[left] ?? 0) || left - right);
  const chosen: number[] = [];
  let tokens = 0;
  for (const index of best) {
    const { tokenCount = 0 } = sentences[index] ?? {};
    if (tokens + tokenCount > tokensMax) continue;
    chosen.push(index);
    tokens += tokenCount;
  }
  const [first] = best;
  if (chosen.length === 0 && first !== undefined) return beginningOf(text, sentences[first], tokensMax);
  return join(
    text,
    sentences,
    chosen.sort((left, right) => left - right),
  );
}

function centralities(text: string, sentences: readonly Sentence[]): number[] {
  const terms = sentences.map(({ words }) => new Set(words.flatMap((word) => termOf(text, word))));
  const sentenceCounts = new Map<string, number>();
  for (const own of terms) for (const term of own) sentenceCounts.set(term, (sentenceCounts.get(term) ?? 0) + 1);
  return terms.map((own) => {
    let sum = 0;
    for (const term of own) {
      const count = sentenceCounts.get(term) ?? 1;
      sum += (count - 1) * Math.log(sentences.length / count);
    }
    return sum / Math.sqrt(Math.max(1, own.size));
  });
}

/** Nothing for punctuation. */
function termOf(text: string, { start, end }: WordSpan): string[] {
  const word = text.slice(start, end);
  return /[\p{L}\p{N}]/u.test(word) ? [word.toLowerCase()] : [];
}

/** No sentence is short enough: as much of one as is. */
function beginningOf(text: string, sentence: Sentence | undefined, tokensMax: number): string | undefined {
  let tokens = 0;
  let end: number | undefined;
  for (const word of sentence?.words ?? []) {
    tokens += word.tokenCount;
    if (tokens > tokensMax) break;
    end = word.end;
  }
  if (sentence === undefined || end === undefined) return undefined;
  return `${inOneLine(text.slice(sentence.start, graphemeBoundaryAtOrBefore(text, sentence.start, end)))}…`;
}

function join(text: string, sentences: readonly Sentence[], chosen: readonly number[]): string {
  let summary = "";
  let before: number | undefined;
  for (const index of chosen) {
    const { start = 0, end = 0 } = sentences[index] ?? {};
    // What stands side by side is taken as it stands: not every script has spaces between sentences.
    const isNext = before !== undefined && before === index - 1;
    const from = isNext ? (sentences[index - 1]?.end ?? start) : start;
    summary += `${before === undefined || isNext ? "" : " … "}${text.slice(from, end)}`;
    before = index;
  }
  return inOneLine(summary);
}

function inOneLine(text: string): string {
  return text.trim().replace(/\s+/gu, " ");
}
