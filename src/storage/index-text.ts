/** Letters of scripts that are written without spaces between words. Korean has spaces, but its words carry their endings. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu;

/** What is not seen and does not end a word: soft hyphens, marks of direction, joiners, variants of a letter or an emoji. */
const invisible = /[\p{Default_Ignorable_Code_Point}--[\u200b\u200c]]/gv;

/** Beyond ASCII, what is no part of a word: quotation marks, dashes, emoji. */
const betweenWords = /[^\p{ASCII}\p{L}\p{M}\p{N}]+/gu;

/**
 * Text as the word index takes it. Compatibility forms of characters are folded (NFKC), and what is written without spaces
 * becomes all pairs of neighbouring letters, as search engines do, so that any part of two letters or more is found; the pairs stand
 * side by side, so that phrases hold.
 *
 * Where words end and which letters are capitals depends on the database's locale, and with the locale C everything beyond ASCII is a
 * lower-case letter. So both is settled here, and words are the same in every database.
 *
 * @param purpose a stored text also gives its single letters, which a query of one letter looks for: at the end, so that they part no
 *                neighbours.
 */
export function indexText(text: string, purpose: "document" | "query"): string {
  if (!needsIndexText(text)) return text;
  const singles: string[] = [];
  const paired = foldText(text).replaceAll(unspaced, (run) => {
    const letters = [...run];
    if (letters.length === 1) return ` ${run} `;
    const pairs = letters.slice(1).map((letter, index) => `${letters[index]}${letter}`);
    if (purpose === "document") singles.push(...letters);
    return ` ${pairs.join(" ")} `;
  });
  return singles.length === 0 ? paired : `${paired} ${singles.join(" ")}`;
}

/** Whether the index text of a text is another than itself: ASCII means the same to every database. */
export function needsIndexText(text: string): boolean {
  return /\P{ASCII}/u.test(text);
}

function foldText(text: string): string {
  const folded = text.normalize("NFKC").replaceAll(invisible, "").replaceAll(betweenWords, " ").toLowerCase();
  // İ becomes an i with a second dot above it.
  return folded.replaceAll("i\u0307", "i");
}
