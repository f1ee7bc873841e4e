import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPrintable, checkText } from "../../src/domain/check-text.ts";

describe("text that can be stored", () => {
  it.each(["", "plain", "new\nline\ttab\r", "é e\u0301", "😀👩‍👩‍👧", "\uffff\u{10ffff}", "مرحبا \u202e"])(
    "passes: %j",
    (text) => {
      expect(checkText("content", text)).toEqual([]);
    },
  );

  it.each([
    { text: "\0", rule: "text.no_nul", position: 0 },
    { text: "abc\0def\0", rule: "text.no_nul", position: 3 },
    { text: "😀😀\0", rule: "text.no_nul", position: 2 },
    { text: "\ud800", rule: "text.well_formed", position: 0 },
    { text: "\udc00", rule: "text.well_formed", position: 0 },
    { text: "😀a\udc00b", rule: "text.well_formed", position: 2 },
    { text: "😀\ud83d", rule: "text.well_formed", position: 1 },
    { text: "\udc00\ud800", rule: "text.well_formed", position: 0 },
    { text: "a\ud800\ud800\udc00", rule: "text.well_formed", position: 1 },
  ])("is refused with the position in code points: $text", ({ text, rule, position }) => {
    const violations = checkText("content", text);
    expect(violations).toEqual([
      { field: "content", rule, description: expect.stringMatching(new RegExp(`at position ${position}[,;]`)) },
    ]);
  });

  it("has all its faults named at once", () => {
    expect(checkText("name", "\ud800\0").map((violation) => violation.rule)).toEqual(["text.no_nul", "text.well_formed"]);
  });

  it("is exactly what has neither NUL nor half a surrogate pair", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (left, right) => {
        const text = left + right;
        const position = [...text].findIndex((character) => character === "\0" || !character.isWellFormed());
        const violations = checkText("content", text);
        expect(violations.length > 0).toBe(position >= 0);
        if (position >= 0) expect(violations.map((violation) => violation.description).join()).toContain(`position ${position}`);
      }),
    );
  });
});

describe("text that people read in lists", () => {
  it.each(["", "a name", "https://example.org/a?b=c#d", "Größe · 尺寸 😀", "a\u00a0b\u200d"])("passes: %j", (text) => {
    expect(checkPrintable("document_name", text)).toEqual([]);
  });

  it.each([
    { text: "a\nb", code: 10, position: 1 },
    { text: "😀\t", code: 9, position: 1 },
    { text: "\u007f", code: 127, position: 0 },
    { text: "ab\u0085", code: 133, position: 2 },
    { text: "ab\u2028", code: 0x2028, position: 2 },
    { text: "\u2029", code: 0x2029, position: 0 },
  ])("is refused with a control character: $text", ({ text, code, position }) => {
    const description = `has a control character (code ${code}) at position ${position}`;
    expect(checkPrintable("document_name", text)).toEqual([{ field: "document_name", rule: "text.printable", description }]);
  });

  it("leaves NUL to the check of what can be stored, so that it is named once", () => {
    expect(checkPrintable("document_name", "a\0b")).toEqual([]);
  });
});
