/** Letters of scripts that are written without spaces between words. Korean has spaces, but its words carry their endings. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu;

/**
 * Text as the word index takes it. Compatibility forms of characters are folded (NFKC), and what is written without spaces
 * becomes all pairs of neighbouring letters, as search engines do, so that any part of two letters or more is found; the pairs stand
 * side by side, so that phrases hold.
 *
 * @param purpose a stored text also gives its single letters, which a query of one letter looks for.
 */
export function indexText(text: string, purpose: "document" | "query"): string {
  const folded = text.normalize("NFKC");
  return folded.replaceAll(unspaced, (run) => {
    const letters = [...run];
    if (letters.length === 1) return ` ${run} `;
    const pairs = letters.slice(1).map((letter, index) => `${letters[index]}${letter}`);
    return ` ${[...pairs, ...(purpose === "document" ? letters : [])].join(" ")} `;
  });
}

/** Whether the index text of a stored text is more than its NFKC form, which the database can make itself. */
export function needsIndexText(text: string): boolean {
  unspaced.lastIndex = 0;
  return unspaced.test(text);
}
