/** Markdown as sections, one per ATX heading. */
import { linesOf, type Section, type SectionStart, sectionsFromStarts } from "./section.ts";

// CommonMark 0.31, 4.2 (ATX headings) and 4.5 (fenced code blocks).
const headingPattern = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/u;
const closingHashesPattern = /(?:^|[ \t])#+[ \t]*$/u;
const fencePattern = /^ {0,3}(`{3,}|~{3,})(.*)$/u;

// A heading is repeated in the metadata of each of its leaves.
const headingCharsMax = 200;

/**
 * One section per heading, with its path as metadata: `headings: ["Guide", "Install"]`, empty before the first heading. A heading
 * without a text of its own joins the section after it, so that no leaf is only a title. Fenced code holds no headings.
 */
export function markdownSections(text: string): Section[] {
  const starts: SectionStart[] = [];
  const path: { level: number; title: string }[] = [];
  let fence: string | undefined;
  let group = -1;
  let joinedStart: number | undefined;
  for (const { start, head } of linesOf(text)) {
    const fenceMarks = fencePattern.exec(head);
    if (fence !== undefined) {
      if (fenceMarks?.[1]?.startsWith(fence) && fenceMarks[2]?.trim() === "") fence = undefined;
      continue;
    }
    const heading = fenceMarks === null ? headingPattern.exec(head) : null;
    if (heading === null) {
      // The info string of a fence of backticks holds none, or the line is inline code.
      if (fenceMarks?.[1] !== undefined && !(fenceMarks[1].startsWith("`") && fenceMarks[2]?.includes("`")))
        fence = fenceMarks[1];
      if (head.trim() !== "") joinedStart = undefined;
      continue;
    }
    const level = heading[1]?.length ?? 1;
    while ((path.at(-1)?.level ?? 0) >= level) path.pop();
    path.push({ level, title: titleOf(heading[2] ?? "") });
    const joins = joinedStart !== undefined;
    if (!joins && path.length === 1) group += 1;
    if (joins) starts.pop();
    joinedStart ??= start;
    starts.push({ start: joinedStart, metadata: { headings: path.map(({ title }) => title) }, group });
  }
  return sectionsFromStarts(text, starts, { metadata: { headings: [] }, group: -1 });
}

function titleOf(line: string): string {
  return [...line.replace(closingHashesPattern, "").trim()].slice(0, headingCharsMax).join("");
}
