const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

// East Asian wide and full-width ranges of Unicode's EastAsianWidth.txt, and what is shown as a picture.
const wide =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})/u;
const zeroWidth = /^[\p{Mark}\p{Cf}]+$/u;

/** The characters that a reader sees as one, in order. */
export function splitGraphemes(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

/** Columns that text takes on a terminal; it must not hold escape sequences. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const grapheme of splitGraphemes(text)) columns += graphemeWidth(grapheme);
  return columns;
}

/** Columns that one grapheme takes: 0, 1 or 2. */
export function graphemeWidth(grapheme: string): number {
  if (zeroWidth.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}

/** Shortens text to so many columns, with an ellipsis where something was left out. */
export function truncateToWidth(text: string, widthMax: number): string {
  if (displayWidth(text) <= widthMax) return text;
  let kept = "";
  let columns = 0;
  for (const grapheme of splitGraphemes(text)) {
    columns += graphemeWidth(grapheme);
    if (columns > widthMax - 1) break;
    kept += grapheme;
  }
  return `${kept}…`;
}
