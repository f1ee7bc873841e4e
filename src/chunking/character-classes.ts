/**
 * How BERT's uncased tokenizer sees each Unicode code point, after clean-up, lower-casing and the removal of accents.
 * `@huggingface/tokenizers` 0.2.0 is the reference: test/chunking/wordpiece-tokenizer.test.ts compares the two.
 */

/** Part of a word. */
export const wordClass = 1;
/** Separates words and is itself no token. */
export const spaceClass = 2;
/** A word of its own: punctuation, and every ASCII symbol. */
export const punctuationClass = 3;
/** A word of its own: Chinese characters, which are written without spaces. */
export const ideographClass = 4;
/** Disappears from the text without separating words: controls, format characters, private use, combining accents. */
export const ignoredClass = 5;

// One byte per code point, filled as characters are met: classifying all of them at once takes 0.4 s, a text needs few.
const classes = new Uint8Array(0x110000);

const ignored = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Mn}\uFFFD]/u;
const punctuation = /[\p{P}!-/:-@[-`{-~]/u;
const combiningAccents = /\p{Mn}/gu;

/** @returns one of the classes above for a code point, lone surrogates included. */
export function characterClass(codePoint: number): number {
  const known = classes[codePoint];
  if (known !== undefined && known !== 0) return known;
  const found = classify(codePoint);
  classes[codePoint] = found;
  return found;
}

/** Lower-cased and without accents, as the vocabulary is. Context (a final sigma) is the caller's. */
export function withoutAccents(lowerCased: string): string {
  return lowerCased.normalize("NFD").replace(combiningAccents, "");
}

function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  // The order matters: vertical tab and NEL are white space to JavaScript but controls to BERT, which drops them.
  if (character === "\t" || character === "\n" || character === "\r") return spaceClass;
  if (ignored.test(character)) return ignoredClass;
  if (/\s/.test(character)) return spaceClass;
  if (isIdeograph(codePoint)) return ideographClass;
  // Without its accent "≠" is "=": the class is that of what remains.
  if (punctuation.test(withoutAccents(character))) return punctuationClass;
  return wordClass;
}

/**
 * Only the Basic Multilingual Plane: the reference looks at UTF-16 units, so that ideographs beyond it form words. All of them are
 * unknown to the vocabulary either way.
 */
function isIdeograph(codePoint: number): boolean {
  return (
    (codePoint >= 0x4e00 && codePoint <= 0x9fff) ||
    (codePoint >= 0x3400 && codePoint <= 0x4dbf) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff)
  );
}
