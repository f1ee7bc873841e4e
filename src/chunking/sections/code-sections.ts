/** Source code as sections, one per definition at the top level, in the common languages. */
import { linesOf, type Section, type SectionStart, sectionsFromStarts } from "./section.ts";

const modifiers =
  '(?:(?:export|default|declare|pub(?:\\([a-z: ]+\\))?|public|private|protected|internal|static|abstract|final|sealed|open|override|data|async|unsafe|inline|const|extern(?: "C")?|partial) +)*';
const keywords =
  "(?:function\\b\\*?|class|interface|enum|struct|union|trait|impl\\b|mod|module|namespace|record|object|protocol|extension|def|func|fun|fn|sub|proc|macro_rules!|type|typedef|defmodule|defp?|defmacro)";
/** A definition by keyword: `export async function f`, `pub(crate) fn f`, `class A`, `impl<T> A`, `func (r *R) M`. */
const definitionPattern = new RegExp(`^${modifiers}${keywords}(?:[ \\t<(]|$)`, "u");
/** A function that a constant holds: `const f = (a) =>`, `export const f = async function`. */
const arrowPattern =
  /^(?:export +)?(?:const|let|var) +[\p{L}_$][\p{L}\p{N}_$]*\s*(?::[^=]+)?= *(?:async\b *)?(?:function\b|\(|<|[\p{L}_$][\p{L}\p{N}_$]* *=>)/u;
/** Members and functions of the C family: a type, a name, parameters and no semicolon; `void main(int argc) {`. */
const cFunctionPattern =
  /^(?!(?:return|else|if|for|while|switch|case|goto|throw|new|await|yield|using|import|assert|delete)\b)[\p{L}_][\p{L}\p{N}_:<>,*& \t]*[ \t*&]~?[\p{L}_][\p{L}\p{N}_:~]*\([^;=]*(?:\{\s*(?:\/\/.*)?)?$/u;

const lineCommentPattern = /^(?:\/\/|#(?!include|define|if|endif|else|elif|pragma|undef|import)|--|;;|%%)/u;
const decoratorPattern = /^(?:@|\[[\p{L}]|template *<)/u;

/**
 * One section per definition that begins in the first column; comments, decorators and attributes directly above belong to it. What
 * precedes the first definition (imports, a licence) is a section too, and statements between definitions belong to the one before.
 */
export function codeSections(text: string): Section[] {
  const starts: SectionStart[] = [];
  // Where the comments and decorators directly above the current line begin.
  let attachedStart: number | undefined;
  let isInBlockComment = false;
  for (const { start, head } of linesOf(text)) {
    if (isInBlockComment) {
      isInBlockComment = !head.includes("*/");
    } else if (head.startsWith("/*")) {
      attachedStart ??= start;
      isInBlockComment = !head.includes("*/");
    } else if (lineCommentPattern.test(head) || decoratorPattern.test(head)) {
      attachedStart ??= start;
    } else {
      if (isDefinition(head)) starts.push({ start: attachedStart ?? start, metadata: {}, group: 0 });
      attachedStart = undefined;
    }
  }
  return sectionsFromStarts(text, starts, { metadata: {}, group: 0 });
}

function isDefinition(line: string): boolean {
  // Most lines are indented or close a block.
  if (!/^[\p{L}_]/u.test(line)) return false;
  return definitionPattern.test(line) || arrowPattern.test(line) || cFunctionPattern.test(line);
}
