import { describe, expect, it } from "vitest";
import { emailSections } from "../../../src/chunking/sections/email-sections.ts";

function partsOf(text: string): [part: unknown, text: string][] {
  return emailSections(text).map(({ start, end, metadata }) => [metadata.part, text.slice(start, end)]);
}

describe("an email", () => {
  it("has header, body, signature and quoted text, exactly as they stand", () => {
    const parts: [string, string][] = [
      ["header", "From: Anna <a@example.com>\nTo: b@example.com\nSubject: The river\n and the mill\nDate: Mon, 1 May 2023\n\n"],
      ["body", "Hello Bob,\n\nthe river is clear. Thanks for asking:\nit was high.\n\n"],
      ["signature", "Best regards,\nAnna\n\n"],
      ["quoted", "On Mon, 1 May 2023 at 10:00, Bob <b@example.com> wrote:\n> How is the river?\n>\n> Bob\n"],
    ];
    expect(partsOf(parts.map(([, text]) => text).join(""))).toEqual(parts);
  });

  it("may answer between quotations", () => {
    expect(partsOf("Hi\n> one\nyes\n> two\nno\n-- \nAnna\n")).toEqual([
      ["body", "Hi\n"],
      ["quoted", "> one\n"],
      ["body", "yes\n"],
      ["quoted", "> two\n"],
      ["body", "no\n"],
      ["signature", "-- \nAnna\n"],
    ]);
  });

  it("may wrap the line above a quotation", () => {
    expect(partsOf("Yes.\n\nOn Mon, 1 May 2023 at 10:00 Bob Example\n<b@example.com> wrote:\n\n> Really?\n")).toEqual([
      ["body", "Yes.\n\n"],
      ["quoted", "On Mon, 1 May 2023 at 10:00 Bob Example\n<b@example.com> wrote:\n\n> Really?\n"],
    ]);
  });

  it.each([
    "-----Original Message-----\nFrom: Bob\nSubject: x\n\nReally?\n",
    "Am 1. Mai 2023 um 10:00 schrieb Bob:\nReally?\n\nBob\n",
  ])("is quoted to its end where quotations have no marks: %j", (quoted) => {
    expect(partsOf(`Yes.\n\n${quoted}`)).toEqual([
      ["body", "Yes.\n\n"],
      ["quoted", quoted],
    ]);
  });

  it.each(["Sincerely,\nAnna", "Thanks!\n\nAnna\nCTO", "Mit freundlichen Grüßen\nAnna", "Cheers\nA", "--\nAnna"])(
    "has a signature: %j",
    (signature) => {
      expect(partsOf(`See you.\n\n${signature}`)).toEqual([
        ["body", "See you.\n\n"],
        ["signature", signature],
      ]);
    },
  );

  it("has no signature where much follows the phrase", () => {
    const text = `Thanks!\n${"A line of the letter.\n".repeat(20)}`;
    expect(partsOf(text)).toEqual([["body", text]]);
  });

  it.each(["Hello\nworld\n", "Note: no header\n\ntext\n", "On the other hand:\nit rained\n"])(
    "may be only a body: %j",
    (text) => {
      expect(partsOf(text)).toEqual([["body", text]]);
    },
  );

  it("may be only a header", () => {
    expect(partsOf("\nFrom: a@example.com\nSubject: x\n\n")).toEqual([["header", "\nFrom: a@example.com\nSubject: x\n\n"]]);
  });
});
