/** Cuts a stretch of text into leaves of bounded size that end, where they can, at the end of a sentence. */
import { bestCut, type CutPreference } from "./cut-preference.ts";
import { codePointBoundaryAtOrBefore, graphemeBoundaryAtOrBefore, offsetAfterCodePoints } from "./grapheme-boundaries.ts";
import type { WordPieceTokenizer, WordSpan } from "./wordpiece-tokenizer.ts";

/** A half-open range of UTF-16 units. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

export interface TextWindow extends TextRange {
  readonly tokenCount: number;
  /** Tokens of what it does not repeat of the window before it, counted on that text alone; undefined where that has to be done anew. */
  readonly addedTokens: number | undefined;
}

export interface WindowSettings {
  /** Tokens of a window, at most, counted on its own text. */
  readonly tokensMax: number;
  /** Code points of a window, at most. */
  readonly charsMax: number;
  /** Tokens that a window may repeat from the one before it; less than `tokensMax`. */
  readonly overlapTokens: number;
  readonly preference: CutPreference;
}

/** A window with the words that were read to find it, which may lie beyond its end. */
interface FoundWindow extends Omit<TextWindow, "addedTokens"> {
  readonly words: readonly WordSpan[];
}

/**
 * Windows in text order that together cover the range. Each ends later than the one before it, so that none is only overlap (the
 * reference repeated its last 25 tokens as a chunk of its own). White space goes to the window before it; only a run of it that no
 * window can hold becomes windows of its own. No window breaks a grapheme, unless the grapheme alone exceeds a bound.
 *
 * @param range begins and ends at grapheme boundaries.
 */
export function cutWindows(
  tokenizer: WordPieceTokenizer,
  text: string,
  range: TextRange,
  settings: WindowSettings,
): TextWindow[] {
  const windows: TextWindow[] = [];
  let covered = range.start;
  let overlapStart = range.start;
  while (covered < range.end) {
    // Without the overlap if what follows does not fit beside it, or if that is the rest of a word, which would go on a few characters a window.
    const overlapping = nextWindow(tokenizer, text, { start: overlapStart, covered, end: range.end }, settings);
    const continuesWord = overlapping?.words.some((word) => word.start < covered && word.end > covered);
    const found =
      overlapping === undefined || continuesWord
        ? nextWindow(tokenizer, text, { start: covered, covered, end: range.end }, settings)
        : overlapping;
    if (found === undefined) throw new Error(`no window was found at ${covered} of ${range.end}`);
    const { start, end, tokenCount } = found;
    windows.push({ start, end, tokenCount, addedTokens: tokensOfWholeWords(text, found, covered) });
    covered = found.end;
    overlapStart = startOfOverlap(text, found, settings);
  }
  return windows;
}

/** The window from `start` that reaches as far as it may and ends well; undefined if it does not reach beyond `covered`. */
function nextWindow(
  tokenizer: WordPieceTokenizer,
  text: string,
  { start, covered, end }: { start: number; covered: number; end: number },
  settings: WindowSettings,
): FoundWindow | undefined {
  const charsEnd = offsetAfterCodePoints(text, { from: start, end, codePoints: settings.charsMax });
  const { words, stop: wordsStop } = tokenizer.firstWords(text, { start, end: charsEnd, tokensMax: settings.tokensMax });
  let cut = end;
  if (wordsStop < end) {
    const stop = furthestCut(text, { words, wordsStop, charsEnd, covered, end }, settings);
    const earliest = Math.max(covered + 1, words[0]?.end ?? 0);
    cut = alignedCut(
      text,
      start,
      bestCut(text, { start, stop, earliest, words: wordsBefore(words, stop) }, settings.preference) ?? stop,
    );
  }
  for (;;) {
    if (cut <= covered) return undefined;
    const known = cut > wordsStop ? undefined : tokensOfWholeWords(text, { end: cut, words }, start);
    const tokenCount = known ?? tokenizer.countTokens(text.slice(start, cut));
    const shorter = alignedCut(text, start, start + Math.floor((cut - start) * 0.75));
    if (tokenCount <= settings.tokensMax || shorter >= cut) return { start, end: cut, tokenCount, words };
    cut = shorter;
  }
}

/**
 * Tokens between `start` and the end of a window. Undefined where they must be counted anew: a cut inside a word, or a neighbour that
 * decides about a final sigma, changes tokens.
 */
function tokensOfWholeWords(text: string, window: Pick<FoundWindow, "end" | "words">, start: number): number | undefined {
  let tokens = 0;
  for (const word of window.words) {
    if (word.start >= window.end) break;
    if (word.end > window.end || (word.start < start && word.end > start)) return undefined;
    if (word.start >= start) tokens += word.tokenCount;
  }
  return text.slice(start, window.end).includes("Σ") ? undefined : tokens;
}

function furthestCut(
  text: string,
  found: {
    readonly words: readonly WordSpan[];
    readonly wordsStop: number;
    readonly charsEnd: number;
    readonly covered: number;
    readonly end: number;
  },
  { tokensMax, charsMax }: WindowSettings,
): number {
  const { words, wordsStop, charsEnd, covered } = found;
  // The first word alone has too many tokens: begin with as many characters, which mostly fit.
  if (words.length === 0) return Math.min(charsEnd, wordsStop + tokensMax);
  const lastWord = words.at(-1);
  const isWithinSpace = wordsStop === charsEnd && text.charAt(charsEnd).trim() === "";
  if (!isWithinSpace || lastWord === undefined) return wordsStop;
  // What follows might be nothing else, so the last word goes along with it, or its second half if the word is all there is.
  if (words.length > 1 && lastWord.start > covered) return lastWord.start;
  const rest = text.slice(lastWord.end, Math.min(found.end, lastWord.end + charsMax));
  const space = rest.length - rest.trimStart().length;
  const middle = Math.ceil((Math.max(lastWord.start, covered) + lastWord.end) / 2);
  const cut = Math.max(middle, lastWord.end - (charsMax - space));
  return cut < lastWord.end ? cut : wordsStop;
}

function wordsBefore(words: readonly WordSpan[], stop: number): readonly WordSpan[] {
  const last = words.at(-1);
  return last !== undefined && last.start >= stop ? words.slice(0, -1) : words;
}

/** The last grapheme boundary at or before `at`; if that is `start`, a code point boundary, so that the window is not empty. */
function alignedCut(text: string, start: number, at: number): number {
  const grapheme = graphemeBoundaryAtOrBefore(text, start, at);
  if (grapheme > start) return grapheme;
  const codePoint = codePointBoundaryAtOrBefore(text, at);
  return codePoint > start ? codePoint : offsetAfterCodePoints(text, { from: start, end: text.length, codePoints: 1 });
}

/**
 * Where the next window begins: early enough to repeat `overlapTokens` at most, at a white space if there is one. The overlap takes no larger
 * part of a window's characters than of its tokens, since a long word may be a single token and would leave no room for what follows.
 */
function startOfOverlap(text: string, window: FoundWindow, { overlapTokens, tokensMax, charsMax }: WindowSettings): number {
  const earliest = window.end - (charsMax * overlapTokens) / tokensMax;
  let tokens = 0;
  let afterSpace: number | undefined;
  let anywhere: number | undefined;
  for (let index = window.words.length - 1; index >= 0; index -= 1) {
    const word = window.words[index];
    if (word === undefined || word.start >= window.end) continue;
    tokens += word.tokenCount;
    if (tokens > overlapTokens || word.end > window.end || word.start <= window.start || word.start < earliest) break;
    if (graphemeBoundaryAtOrBefore(text, window.start, word.start) !== word.start) continue;
    anywhere = word.start;
    if (text.charAt(word.start - 1).trim() === "") afterSpace = word.start;
  }
  return afterSpace ?? anywhere ?? window.end;
}
