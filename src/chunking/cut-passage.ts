import { graphemeBoundaryAtOrBefore, offsetAfterCodePoints } from "./grapheme-boundaries.ts";

/** At most the first `charsMax` code points of a text, and never half of what a reader sees as one character. */
export function cutPassage(text: string, charsMax: number): string {
  const end = offsetAfterCodePoints(text, { from: 0, end: text.length, codePoints: charsMax });
  return text.slice(0, graphemeBoundaryAtOrBefore(text, 0, end));
}
