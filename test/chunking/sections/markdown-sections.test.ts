import { describe, expect, it } from "vitest";
import { markdownSections } from "../../../src/chunking/sections/markdown-sections.ts";

function sectionsOf(text: string): [text: string, headings: unknown][] {
  return markdownSections(text).map(({ start, end, metadata }) => [text.slice(start, end), metadata.headings]);
}

describe("markdown", () => {
  it("has a section per heading, with the path to it", () => {
    const text = "intro\n\n# Guide\nhello\n## Install ##\nnpm\n### On Linux\napt\n## Use\nrun\n# End\nbye";
    expect(sectionsOf(text)).toEqual([
      ["intro\n\n", []],
      ["# Guide\nhello\n", ["Guide"]],
      ["## Install ##\nnpm\n", ["Guide", "Install"]],
      ["### On Linux\napt\n", ["Guide", "Install", "On Linux"]],
      ["## Use\nrun\n", ["Guide", "Use"]],
      ["# End\nbye", ["End"]],
    ]);
  });

  it("joins a heading without text to the section after it", () => {
    expect(sectionsOf("# Guide\n\n## Install\nnpm\n## Use\n### A\n#### B\nrun\n## Last\n")).toEqual([
      ["# Guide\n\n## Install\nnpm\n", ["Guide", "Install"]],
      ["## Use\n### A\n#### B\nrun\n", ["Guide", "Use", "A", "B"]],
      ["## Last\n", ["Guide", "Last"]],
    ]);
  });

  it.each([
    "```\n# comment\n```\n",
    "~~~sh\n# comment\n```\n# still inside\n~~~\n",
    "````\n```\n# comment\n````\n",
    "```\n# never closed\n",
    "#hashtag\n",
    "####### seven\n",
    "    # indented code\n",
    "text # not at the start\n",
  ])("has no headings in %j", (text) => {
    expect(sectionsOf(text)).toEqual([[text, []]]);
  });

  it("has headings after fences and after inline code of three backticks", () => {
    expect(sectionsOf("```\nx\n```\n# A\na\n").at(-1)).toEqual(["# A\na\n", ["A"]]);
    expect(sectionsOf("```inline``` code\n# A\na\n").at(-1)).toEqual(["# A\na\n", ["A"]]);
  });

  it("reads headings with Windows line ends and without text", () => {
    expect(sectionsOf("# A\r\na\r\n#\r\nb\r\n")).toEqual([
      ["# A\r\na\r\n", ["A"]],
      ["#\r\nb\r\n", [""]],
    ]);
  });

  it("bounds the length of the path's headings", () => {
    expect(sectionsOf(`# ${"é".repeat(10_000)}\nx`)[0]?.[1]).toEqual(["é".repeat(200)]);
  });

  it("groups sections by their heading of the first level", () => {
    const groups = markdownSections("x\n# A\na\n## B\nb\n# C\nc\n").map(({ group }) => group);
    expect(groups).toEqual([-1, 0, 0, 1]);
  });
});
