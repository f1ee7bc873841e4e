/** The parts that the structure of a text tells: messages, headings, definitions. No leaf spans two of them. */
import type { JsonObject } from "../../domain/document.ts";

/** A half-open range of UTF-16 units. Sections are contiguous, in text order and cover the whole text. */
export interface Section {
  readonly start: number;
  readonly end: number;
  /** What its leaves get as metadata. */
  readonly metadata: JsonObject;
  /** A parent encloses only leaves of sections of one group; the sections of a group are neighbours. */
  readonly group: number;
}

/** Where a section begins; it ends where the next one does. */
export type SectionStart = Omit<Section, "end">;

/** A line of a text, its end including the line feed. */
export interface Line {
  readonly start: number;
  readonly end: number;
  /** Its first characters, without the line feed: enough to recognise structure, however long the line is. */
  readonly head: string;
}

const lineHeadUnits = 250;

/** The lines of a text in order, from the one that begins at `from`; none if nothing is left. */
export function* linesOf(text: string, from = 0): Generator<Line, void, undefined> {
  let start = from;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline + 1;
    const headEnd = Math.min(newline < 0 ? end : newline, start + lineHeadUnits);
    const head = text.slice(start, headEnd);
    yield { start, end, head: head.endsWith("\r") ? head.slice(0, -1) : head };
    start = end;
  }
}

/**
 * Sections from their starts. What is only white space belongs to the section before it, or at the beginning to the first one, so that
 * no section is blank unless the text is. Text before the first start is a section with `preamble`'s metadata.
 *
 * @param starts in text order.
 */
export function sectionsFromStarts(
  text: string,
  starts: readonly SectionStart[],
  preamble: Omit<SectionStart, "start">,
): Section[] {
  const sections: Section[] = [];
  let open: SectionStart = { start: 0, ...preamble };
  const close = (end: number) => {
    const last = sections.at(-1);
    const isBlank = isBlankBetween(text, open.start, end);
    if (!isBlank) sections.push({ ...open, end });
    else if (last !== undefined) sections[sections.length - 1] = { ...last, end };
    return isBlank && last === undefined;
  };
  for (const next of starts) {
    const joinsNext = close(next.start);
    open = joinsNext ? { ...next, start: open.start } : next;
  }
  if (close(text.length)) sections.push({ ...open, end: text.length });
  return sections;
}

function isBlankBetween(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (text.charAt(at).trim() !== "") return false;
  return true;
}
