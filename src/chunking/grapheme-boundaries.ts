/** Places where a text may be cut without breaking what a reader sees as one character. */

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

/**
 * The last grapheme boundary at or before `at`. Only `text.slice(from, at)` and the next character are segmented: segmenting copies
 * its text, and a boundary depends on nothing further on.
 *
 * @param from a grapheme boundary before `at`, in UTF-16 units.
 * @returns `from` if no boundary lies in between.
 */
export function graphemeBoundaryAtOrBefore(text: string, from: number, at: number): number {
  if (at <= from || at >= text.length) return at;
  if (isPlain(text.charCodeAt(at - 1)) && isPlain(text.charCodeAt(at))) return at;
  const cluster = segmenter.segment(text.slice(from, at + 2)).containing(at - from);
  return cluster === undefined ? at : from + cluster.index;
}

/** The last code point boundary at or before `at`: `at`, unless it is between the halves of a surrogate pair. */
export function codePointBoundaryAtOrBefore(text: string, at: number): number {
  const isInsidePair = isLowSurrogate(text.charCodeAt(at)) && isHighSurrogate(text.charCodeAt(at - 1));
  return isInsidePair ? at - 1 : at;
}

/** Where `codePoints` code points after `from` end, or `end` if there are fewer. */
export function offsetAfterCodePoints(
  text: string,
  { from, end, codePoints }: { from: number; end: number; codePoints: number },
): number {
  if (end - from <= codePoints) return end;
  let at = from;
  for (let left = codePoints; left > 0 && at < end; left -= 1) at += isPairAt(text, at) ? 2 : 1;
  return Math.min(at, end);
}

/**
 * Converts UTF-16 offsets, asked for in ascending order, to code points, in one walk over the text.
 */
export function createCodePointCounter(text: string): (utf16Offset: number) => number {
  let at = 0;
  let codePoints = 0;
  return (utf16Offset) => {
    while (at < utf16Offset) {
      at += isPairAt(text, at) ? 2 : 1;
      codePoints += 1;
    }
    return codePoints;
  };
}

/**
 * ASCII other than the carriage return, which forms a cluster with a line feed, and Chinese characters with their punctuation: a cluster
 * never joins two of these. Most cuts are between them, and asking the segmenter costs a copy of the window.
 */
function isPlain(unit: number): boolean {
  return (unit < 0x80 && unit !== 0x0d) || (unit >= 0x4e00 && unit <= 0x9fff) || (unit >= 0x3001 && unit <= 0x3029);
}

function isPairAt(text: string, at: number): boolean {
  return isHighSurrogate(text.charCodeAt(at)) && isLowSurrogate(text.charCodeAt(at + 1));
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
