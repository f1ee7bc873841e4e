import type { FieldViolation } from "./errors.ts";

/** What no text of a request may hold: PostgreSQL cannot store NUL, and a lone surrogate has no UTF-8. */
export function checkText(field: string, text: string): FieldViolation[] {
  const violations: FieldViolation[] = [];
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    violations.push({
      field,
      rule: "text.no_nul",
      description: `has a NUL character at position ${codePointsBefore(text, nul)}; remove it`,
    });
  }
  if (!text.isWellFormed()) {
    const position = codePointsBefore(text, firstLoneSurrogate(text));
    violations.push({
      field,
      rule: "text.well_formed",
      description: `has half of a surrogate pair at position ${position}, which is no character; the text was cut or decoded wrongly`,
    });
  }
  return violations;
}

/** A key or name is for people to read in lists and logs: control characters have no place in it. */
export function checkPrintable(field: string, text: string): FieldViolation[] {
  const match = /[\p{Cc}\p{Zl}\p{Zp}]/u.exec(text);
  if (!match || match[0] === "\0") return [];
  return [
    {
      field,
      rule: "text.printable",
      description: `has a control character (code ${match[0].codePointAt(0)}) at position ${codePointsBefore(text, match.index)}`,
    },
  ];
}

function firstLoneSurrogate(text: string): number {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(index + 1);
    if (unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) index++;
    else return index;
  }
  return -1;
}

function codePointsBefore(text: string, utf16Index: number): number {
  let count = 0;
  for (let index = 0; index < utf16Index; count++) index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return count;
}
