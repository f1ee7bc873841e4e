import { displayWidth, graphemeWidth, splitGraphemes } from "./display-width.ts";
import { printableLine } from "./style.ts";

/** A part of a line: words of the query are to be highlighted. */
export interface Span {
  readonly text: string;
  readonly isMatch: boolean;
}

/** Words that say nothing about what is sought; highlighting them would only distract. */
const functionWords = new Set(
  "a an and are as at be but by can do does for from how i if in into is it its me my not of on or our so than that the their them then there these they this to was we were what when where which who why will with would you your".split(
    " ",
  ),
);

/**
 * The part of a chunk that has the most words of the query, on a few lines, with those words marked. White space becomes single
 * spaces, control characters become visible.
 *
 * @param size widthMax in terminal columns, at least 2; linesMax at least 1.
 */
export function snippetLines(
  content: string,
  query: string,
  size: { readonly widthMax: number; readonly linesMax: number },
): Span[][] {
  const text = printableLine(content);
  const words = queryPattern(query);
  const matches = words === undefined ? [] : [...text.matchAll(words)].map((match) => ({ start: match.index, text: match[0] }));
  const start = bestStart(text, matches, size.widthMax * size.linesMax);
  const lines = wrap(`${start > 0 ? "…" : ""}${text.slice(start)}`, size);
  return lines.map((line) => spans(line, words));
}

/** Finds words of the query in a text, with other endings, too; undefined if the query has none. */
function queryPattern(query: string): RegExp | undefined {
  const words = [...new Set(query.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [])].filter((word) => !functionWords.has(word));
  const patterns = words.map((word) => {
    // Scripts that are written without spaces have words anywhere in a run of letters.
    if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(word)) return word;
    const stem = word.length > 4 ? word.replace(/(?:ing|ies|ed|es|s|y|e)$/, "") : word;
    return `(?<![\\p{L}\\p{N}])${stem}${word.length > 3 ? "[\\p{L}\\p{N}]{0,4}" : ""}(?![\\p{L}\\p{N}])`;
  });
  return patterns.length === 0 ? undefined : new RegExp(patterns.join("|"), "giu");
}

interface Match {
  readonly start: number;
  readonly text: string;
}

/** Where a window of so many characters begins that holds the most different words of the query; the first such window wins. */
function bestStart(text: string, matches: readonly Match[], windowChars: number): number {
  let best = { start: 0, distinct: 0 };
  for (const [first, match] of matches.entries()) {
    const seen = new Set<string>();
    for (const other of matches.slice(first)) {
      if (other.start + other.text.length > match.start + windowChars * 0.8) break;
      seen.add(other.text.toLowerCase());
    }
    if (seen.size > best.distinct) best = { start: match.start, distinct: seen.size };
  }
  if (best.start < windowChars / 4) return 0;
  // Some words before the first match make it readable, and near the end of the text there is room for more of them.
  const room = Math.max(Math.floor(windowChars * 0.15), best.start + Math.floor(windowChars * 0.9) - text.length);
  const lead = Math.max(0, best.start - room);
  if (lead === 0) return 0;
  const space = text.indexOf(" ", lead);
  return space >= 0 && space < best.start ? space + 1 : best.start;
}

function wrap(text: string, size: { readonly widthMax: number; readonly linesMax: number }): string[] {
  const lines: string[] = [];
  let line = "";
  const words = text.split(" ").flatMap((word) => splitLongWord(word, size.widthMax - 1));
  for (const word of words) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (displayWidth(joined) <= size.widthMax - 1) {
      line = joined;
      continue;
    }
    lines.push(line);
    line = word;
    if (lines.length === size.linesMax) return [...lines.slice(0, -1), `${lines.at(-1) ?? ""}…`];
  }
  return line === "" ? lines : [...lines, line];
}

function splitLongWord(word: string, widthMax: number): string[] {
  if (displayWidth(word) <= widthMax) return [word];
  const parts: string[] = [];
  let part = "";
  let columns = 0;
  for (const grapheme of splitGraphemes(word)) {
    const width = graphemeWidth(grapheme);
    if (columns + width > widthMax) {
      parts.push(part);
      part = "";
      columns = 0;
    }
    part += grapheme;
    columns += width;
  }
  return [...parts, part];
}

function spans(line: string, words: RegExp | undefined): Span[] {
  if (words === undefined) return [{ text: line, isMatch: false }];
  const parts: Span[] = [];
  let end = 0;
  for (const match of line.matchAll(words)) {
    if (match.index > end) parts.push({ text: line.slice(end, match.index), isMatch: false });
    parts.push({ text: match[0], isMatch: true });
    end = match.index + match[0].length;
  }
  if (end < line.length) parts.push({ text: line.slice(end), isMatch: false });
  return parts;
}
