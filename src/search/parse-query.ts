/** A query whose operators are taken apart. */
export interface ParsedQuery {
  /** Every word that counts, those of phrases included; operators and excluded words are not in it. */
  readonly words: string;
  /** Each group is to be found; one of its phrases is enough. */
  readonly phrases: readonly (readonly string[])[];
  /** Words and phrases that must not be there. */
  readonly excluded: readonly string[];
}

/** A quoted phrase with or without a minus before it, or anything else up to white space. */
const token = /(?<=^|\s)(-?)(?:"([^"]*)"|“([^“”]*)”)(?=$|[\s,.;:!?)])|(\S+)/gu;

/**
 * Takes the operators out of a query: `"quoted phrase"`, `-word`, `-"phrase"`, and `or` between two phrases. What is no operator,
 * such as a lone quotation mark or a hyphen inside a word, is part of the words.
 */
export function parseQuery(query: string): ParsedQuery {
  const words: string[] = [];
  const phrases: string[][] = [];
  const excluded: string[] = [];
  let joinsNext = false;
  let followsPhrase = false;
  for (const match of query.matchAll(token)) {
    const [, minus, straight, curly, plain] = match;
    const phrase = (straight ?? curly)?.trim();
    if (phrase === undefined && plain !== undefined) {
      joinsNext = followsPhrase && /^or$/i.test(plain);
      followsPhrase = false;
      if (joinsNext) continue;
      if (/^-[\p{L}\p{N}]/u.test(plain)) excluded.push(plain.slice(1));
      else words.push(plain);
      continue;
    }
    if (!phrase) continue;
    if (minus) {
      excluded.push(phrase);
      joinsNext = false;
      followsPhrase = false;
      continue;
    }
    words.push(phrase);
    const group = phrases.at(-1);
    if (joinsNext && group) group.push(phrase);
    else phrases.push([phrase]);
    joinsNext = false;
    followsPhrase = true;
  }
  // An `or` with nothing after it is a word.
  if (joinsNext) words.push("or");
  return { words: withoutOr(words).join(" "), phrases, excluded };
}

/** Any of the words may match anyway, so an `or` between two of them says nothing. */
function withoutOr(words: readonly string[]): readonly string[] {
  return words.filter((word, index) => !(/^or$/i.test(word) && index > 0 && index < words.length - 1));
}
