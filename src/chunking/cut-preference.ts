/** Chooses where a window of text ends best: after a paragraph or sentence rather than within it. */
import type { WordSpan } from "./wordpiece-tokenizer.ts";

/**
 * `sentence`: at the last sentence or paragraph end, else clause or line end, else space, if it lies beyond 80 % of the window.
 * `paragraph`: at the last paragraph end wherever it lies, else at the last sentence end wherever it lies, else like `sentence`.
 * `word`: at the last space beyond 80 % of the window, so that windows are nearly equal in size.
 */
export type CutPreference = "sentence" | "paragraph" | "word";

// llmemory 0.5.0's share: a window is never made much smaller only to end well.
const lateShare = 0.8;

const noBreak = 0;
const space = 1;
const clauseEnd = 2;
const sentenceEnd = 3;
const paragraphEnd = 4;

// A Latin full stop ends a sentence only before white space ("3.14"); the East Asian ones are written without.
const sentenceMarks = ".!?…\u0964\u06d4\u061f\u0589\u1362";
const sentenceMarksWithoutSpace = "。！？．｡";
const clauseMarks = ",;:\u060c\u061b";
const clauseMarksWithoutSpace = "、，；：､";
const closingMarks = "\"')]}”’»」』）】》";

/**
 * @param window words that fit, in text order, and where they stop; `earliest` is the first acceptable cut.
 * @returns a place where a word begins, or `stop`; undefined if no place is better than any other.
 */
export function bestCut(
  text: string,
  window: { readonly start: number; readonly stop: number; readonly earliest: number; readonly words: readonly WordSpan[] },
  preference: CutPreference,
): number | undefined {
  const { start, stop, earliest, words } = window;
  const lateFrom = start + lateShare * (stop - start);
  const levelMax = preference === "word" ? space : preference === "sentence" ? sentenceEnd : paragraphEnd;
  const levelAnywhere = preference === "paragraph" ? sentenceEnd : paragraphEnd + 1;
  let best: number | undefined;
  let bestLevel = noBreak;
  for (let index = words.length - 1; index >= 0; index -= 1) {
    const cut = words[index + 1]?.start ?? stop;
    if (cut < earliest || bestLevel === levelMax) break;
    if (cut < lateFrom && levelAnywhere > levelMax) break;
    const level = Math.min(breakLevel(text, words[index]?.end ?? start, cut), levelMax);
    if (level > bestLevel && (cut >= lateFrom || level >= levelAnywhere)) {
      best = cut;
      bestLevel = level;
    }
  }
  return best;
}

/** Whether a sentence ends between a word that ends at `wordEnd` and the next, which begins at `nextStart`. */
export function endsSentence(text: string, wordEnd: number, nextStart: number): boolean {
  return breakLevel(text, wordEnd, nextStart) >= sentenceEnd;
}

/** How good a cut is between a word that ends at `wordEnd` and the next, which begins at `cut`. */
function breakLevel(text: string, wordEnd: number, cut: number): number {
  const gap = text.slice(wordEnd, cut);
  const hasSpace = gap.trim() !== gap || (gap !== "" && gap.trim() === "");
  const lastNewline = gap.lastIndexOf("\n");
  if (lastNewline > gap.indexOf("\n")) return paragraphEnd;
  const nextCharacter = text.charAt(cut);
  // A quotation mark that closes the sentence stays with it.
  if (hasSpace || !closingMarks.includes(nextCharacter)) {
    const mark = markBefore(text, wordEnd);
    if (sentenceMarksWithoutSpace.includes(mark) || (hasSpace && sentenceMarks.includes(mark))) return sentenceEnd;
    if (clauseMarksWithoutSpace.includes(mark) || (hasSpace && clauseMarks.includes(mark))) return clauseEnd;
  }
  if (lastNewline >= 0) return clauseEnd;
  return hasSpace ? space : noBreak;
}

/** The last character before `end`, closing quotation marks and brackets aside. */
function markBefore(text: string, end: number): string {
  let at = end - 1;
  const closersMax = 3;
  while (at > end - 1 - closersMax && at > 0 && closingMarks.includes(text.charAt(at))) at -= 1;
  return text.charAt(Math.max(0, at));
}
