/** An email as its parts: header, body, quoted text, signature. */
import { type Line, linesOf, type Section, type SectionStart, sectionsFromStarts } from "./section.ts";

export type EmailPart = "header" | "body" | "quoted" | "signature";

const headerPattern = /^([A-Za-z][A-Za-z0-9-]*):(?:\s|$)/u;
const tellingHeaders: readonly string[] = [
  "from",
  "to",
  "subject",
  "date",
  "sent",
  "cc",
  "message-id",
  "received",
  "return-path",
];
const quotePattern = /^\s{0,3}>/u;
/** The line above a quotation, in the languages of common mail programs, and its second half where it was wrapped. */
const attributionPattern =
  /^(?:(?:On|Am|Le|El|Il|Op|Em)\s.{4,}\s(?:wrote|schrieb.*|a écrit|escribió|ha scritto|schreef.*|escreveu)\s?:|-{3,}\s*(?:Original Message|Forwarded message|Ursprüngliche Nachricht|Message d'origine)\s*-{3,}\s*)$/iu;
const attributionStartPattern = /^(?:On|Am|Le|El|Il|Op|Em)\s.{4,}[^.!?]$/u;
const attributionEndPattern = /(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu)\s?:$/iu;
const signatureDelimiterPattern = /^--\s?$/u;
const closingPattern =
  /^(?:(?:best|kind|warm|warmest|many|with best|with kind)\s+(?:regards|wishes|thanks)|regards|best|cheers|sincerely(?: yours)?|yours(?: sincerely| faithfully| truly)?|thanks(?: a lot| again| so much)?|thank you|many thanks|mit freundlichen grüßen|viele grüße|liebe grüße|cordialement|bien à vous|un saludo|saludos(?: cordiales)?|atentamente|cordiali saluti|met vriendelijke groet|atenciosamente)\s*[,.!]?$/iu;

// A closing phrase begins the signature only if little follows: a name, a title, a telephone number.
const signatureLinesMax = 8;
const blankLinesReadMax = 40;

/**
 * Sections with `part` as metadata, in the order of the text; a part may occur again, as where replies stand between quotations.
 * A header block is recognised at the beginning only, and only with a field such as From or Subject.
 */
export function emailSections(text: string): Section[] {
  const starts: SectionStart[] = [];
  let part: EmailPart | undefined;
  const begin = (next: EmailPart, start: number) => {
    if (next !== part) starts.push({ start, metadata: { part: next }, group: 0 });
    part = next;
  };
  const headerEnd = endOfHeader(text);
  if (headerEnd > 0) begin("header", 0);
  // The second line of a wrapped attribution is read with the first.
  let readUntil = headerEnd;
  for (const line of linesOf(text, headerEnd)) {
    if (line.start < readUntil || line.head.trim() === "") continue;
    const attributionEnd = endOfAttribution(text, line);
    if (attributionEnd !== undefined) {
      begin("quoted", line.start);
      // Some mail programs quote without marks: then the quotation reaches to the end.
      if (!isMarkedQuotation(text, attributionEnd)) break;
      readUntil = attributionEnd;
    } else if (quotePattern.test(line.head)) begin("quoted", line.start);
    else if (isSignature(text, line)) begin("signature", line.start);
    else if (part !== "signature") begin("body", line.start);
  }
  return sectionsFromStarts(text, starts, { metadata: { part: "body" }, group: 0 });
}

/** Where the header block at the beginning ends; 0 if there is none. */
function endOfHeader(text: string): number {
  let isTelling = false;
  let end = 0;
  for (const { head, end: lineEnd } of linesOf(text)) {
    const isBlank = head.trim() === "";
    if (isBlank && end > 0) break;
    const field = headerPattern.exec(head)?.[1]?.toLowerCase();
    const isContinuation = end > 0 && /^[ \t]/u.test(head);
    if (!isBlank && field === undefined && !isContinuation) break;
    if (field !== undefined && tellingHeaders.includes(field)) isTelling = true;
    if (!isBlank) end = lineEnd;
  }
  return isTelling ? end : 0;
}

/** Where an attribution that begins with this line ends: "On Monday Anna wrote:", on one line or two. */
function endOfAttribution(text: string, line: Line): number | undefined {
  if (attributionPattern.test(line.head)) return line.end;
  if (!attributionStartPattern.test(line.head)) return undefined;
  const next = linesOf(text, line.end).next().value;
  return next !== undefined && attributionEndPattern.test(next.head) ? next.end : undefined;
}

function isMarkedQuotation(text: string, from: number): boolean {
  for (const { head } of linesOf(text, from)) if (head.trim() !== "") return quotePattern.test(head);
  return true;
}

function isSignature(text: string, line: Line): boolean {
  if (signatureDelimiterPattern.test(line.head)) return true;
  if (!closingPattern.test(line.head)) return false;
  let written = 0;
  let blank = 0;
  for (const next of linesOf(text, line.end)) {
    if (quotePattern.test(next.head) || endOfAttribution(text, next) !== undefined) break;
    if (next.head.trim() === "") blank += 1;
    else written += 1;
    if (written > signatureLinesMax || blank > blankLinesReadMax) return false;
  }
  return true;
}
