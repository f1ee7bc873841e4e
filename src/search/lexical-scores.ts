import { setImmediate } from "node:timers/promises";
import { indexText } from "../storage/index-text.ts";
import { isStopWord } from "./stop-words.ts";

export interface Passage {
  readonly content: string;
  readonly documentName: string;
}

// A word in the document's name says less of the passage than one in its text.
const nameWeight = 0.5;
// 16 passages of 2,000 words take 3 ms.
const passagesPerTurn = 16;

/**
 * Scores passages by the words of a query that they hold: the share of the query's words, each by how rare it is among the passages,
 * damped by the logarithm of the passage's length. A word counts once however often it occurs, so that a passage with all words goes before
 * one that repeats some; BM25, which fusion has already used, prefers the latter. Words are compared as written, without case.
 *
 * @param words    of the query, without operators.
 * @param passages P passages; the event loop gets its turn between them.
 * @returns P scores from 0, no word in common, to 1.
 */
export async function lexicalScores(words: string, passages: readonly Passage[]): Promise<number[]> {
  const terms = queryTerms(words);
  const matches: { readonly matched: ReadonlyMap<string, number>; readonly wordCount: number }[] = [];
  for (const [index, passage] of passages.entries()) {
    if (index > 0 && index % passagesPerTurn === 0) await setImmediate();
    matches.push(matchTerms(terms, passage));
  }
  const rarity = rarityOfTerms(
    terms,
    matches.map(({ matched }) => matched),
  );
  const raritySum = sum(rarity.values());
  const wordCountMean = sum(matches.map(({ wordCount }) => wordCount)) / Math.max(1, passages.length);
  return matches.map(({ matched, wordCount }) => {
    if (matched.size === 0) return 0;
    const coverage = sum([...matched].map(([term, weight]) => weight * (rarity.get(term) ?? 0))) / raritySum;
    return coverage / (1 + Math.log1p(wordCount / Math.max(1, wordCountMean)));
  });
}

/** Distinct words without stop words, unless there are no others. */
function queryTerms(words: string): ReadonlySet<string> {
  const all = wordsOf(words, "query");
  const telling = all.filter((word) => !isStopWord(word));
  return new Set(telling.length > 0 ? telling : all);
}

function matchTerms(
  terms: ReadonlySet<string>,
  { content, documentName }: Passage,
): { matched: ReadonlyMap<string, number>; wordCount: number } {
  const matched = new Map<string, number>();
  for (const word of wordsOf(documentName, "document")) if (terms.has(word)) matched.set(word, nameWeight);
  const contentWords = wordsOf(content, "document");
  for (const word of contentWords) if (terms.has(word)) matched.set(word, 1);
  return { matched, wordCount: contentWords.length };
}

/** Inverse document frequency, as BM25 has it, with the passages for a corpus. */
function rarityOfTerms(terms: ReadonlySet<string>, matches: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  return new Map(
    [...terms].map((term) => {
      const frequency = matches.filter((matched) => matched.has(term)).length;
      return [term, Math.log(1 + (matches.length - frequency + 0.5) / (frequency + 0.5))];
    }),
  );
}

/** As the word index has them before it takes stems; scripts without spaces in pairs of letters. */
function wordsOf(text: string, purpose: "document" | "query"): string[] {
  return (
    indexText(text, purpose)
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}_]+/gu) ?? []
  );
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
