import { limits } from "../domain/limits.ts";
import type { WordMatch } from "../storage/find-nearest.ts";
import { type Corpus, termQuery } from "../storage/search-facts.ts";

/** How the chunks that hold the query's words are found in a corpus too large to look at all of it. */
export interface WordPlan {
  /** Each is looked up on its own, the first ones first. */
  readonly matches: readonly (readonly WordMatch[])[];
  /** The words that `matches` leaves out, for when those give too few chunks. */
  readonly others: readonly (readonly WordMatch[])[];
  /** Whether words were left out that are too common to look up: chunks that hold none but them are not found by words. */
  readonly isCut: boolean;
}

/**
 * Chooses the rarest words whose chunks are few enough to look at all of them. If even the rarest is too common, chunks that hold all
 * of the words come first, then as many of the rarest word's as fit.
 *
 * @param frequencies in how many chunks each term of each corpus occurs.
 */
export function planWords(corpora: readonly Corpus[], frequencies: readonly (readonly number[])[]): WordPlan {
  const terms = corpora
    .flatMap(({ terms: texts }, corpus) =>
      texts.map((lexeme, index) => ({ corpus, text: termQuery(lexeme), frequency: frequencies[corpus]?.[index] ?? 0 })),
    )
    .filter(({ frequency }) => frequency > 0)
    .sort((left, right) => left.frequency - right.frequency);
  const [rarest] = terms;
  if (!rarest) return { matches: [], others: [], isCut: false };
  const restricted = (corpus: number, query: string): WordMatch => {
    const required = corpora[corpus]?.required;
    return { corpus, query: required === undefined ? query : `(${query}) & (${required})` };
  };
  const anyOf = (texts: typeof terms): WordMatch[] =>
    corpora.flatMap((_, corpus) => {
      const own = texts.filter((term) => term.corpus === corpus).map(({ text }) => text);
      return own.length === 0 ? [] : [restricted(corpus, own.join(" | "))];
    });
  let count = 0;
  const firstTooMany = terms.findIndex(({ frequency }) => {
    count += frequency;
    return count > limits.wordMatchesMax;
  });
  if (firstTooMany < 0) return { matches: [anyOf(terms)], others: [], isCut: false };
  if (firstTooMany > 0)
    return { matches: [anyOf(terms.slice(0, firstTooMany))], others: [anyOf(terms.slice(firstTooMany))], isCut: true };
  const together = corpora.flatMap((_, corpus) => {
    const own = terms.filter((term) => term.corpus === corpus).map(({ text }) => text);
    return own.length > 1 ? [restricted(corpus, own.join(" & "))] : [];
  });
  return {
    matches: [...(together.length > 0 ? [together] : []), [restricted(rarest.corpus, rarest.text)]],
    others: terms.length > 1 ? [anyOf(terms.slice(1))] : [],
    isCut: true,
  };
}
