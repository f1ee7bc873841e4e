import { expect, it } from "vitest";
import { displayWidth, truncateToWidth } from "../../../src/cli/format/display-width.ts";
import { type Span, snippetLines } from "../../../src/cli/format/snippet.ts";

const marked = (lines: readonly Span[][]) =>
  lines.map((line) => line.map(({ text, isMatch }) => (isMatch ? `[${text}]` : text)).join(""));
const plain = (line: readonly Span[] | undefined) => (line ?? []).map(({ text }) => text).join("");

it("marks words of the query, with other endings, but not function words", () => {
  const lines = snippetLines("A pool reuses connections to the database.", "how do I reuse the database connection", {
    widthMax: 80,
    linesMax: 2,
  });
  expect(marked(lines)).toEqual(["A pool [reuses] [connections] to the [database]."]);
});

it("shows the part with the most words of the query", () => {
  const filler = "nothing to see here, only words. ".repeat(30);
  const lines = snippetLines(`${filler}alpha ${filler}The alpha and the beta meet. ${filler}`, "alpha beta", {
    widthMax: 60,
    linesMax: 2,
  });
  expect(marked(lines).join(" ")).toContain("The [alpha] and the [beta] meet.");
  expect(plain(lines[0])).toMatch(/^…/);
  expect(plain(lines[1])).toMatch(/…$/);
});

it("fills its lines when the words are near the end", () => {
  const lines = snippetLines(`${"before ".repeat(100)}alpha.`, "alpha", { widthMax: 40, linesMax: 3 });
  expect(lines).toHaveLength(3);
  expect(marked(lines)[2]).toMatch(/\[alpha\]\.$/);
});

it("finds words of scripts without spaces", () => {
  expect(marked(snippetLines("我们的数据库连接池很快", "连接", { widthMax: 40, linesMax: 1 }))).toEqual([
    "我们的数据库[连接]池很快",
  ]);
});

it.each([
  ["wide characters", "漢字".repeat(200)],
  ["long words", "a".repeat(500)],
  ["ordinary text", "some words of different length go here ".repeat(20)],
  ["emoji", "👩‍👩‍👧‍👦 family ".repeat(50)],
])("never exceeds the width and the lines with %s", (_name, content) => {
  const lines = snippetLines(content, "words", { widthMax: 30, linesMax: 3 });
  expect(lines.length).toBeLessThanOrEqual(3);
  for (const line of lines) expect(displayWidth(plain(line))).toBeLessThanOrEqual(30);
});

it("makes escape sequences harmless", () => {
  expect(plain(snippetLines("red \u001b[31mtext\u0007", "x", { widthMax: 40, linesMax: 1 })[0])).toBe("red ␛[31mtext␇");
});

it("survives a query of punctuation and one of regular-expression characters", () => {
  expect(marked(snippetLines("a (b)", "(?!", { widthMax: 40, linesMax: 1 }))).toEqual(["a (b)"]);
  expect(marked(snippetLines("", "a", { widthMax: 40, linesMax: 1 }))).toEqual([]);
});

it("measures and shortens text in terminal columns", () => {
  expect(displayWidth("aé漢👍")).toBe(6);
  expect(truncateToWidth("漢字漢字", 5)).toBe("漢字…");
  expect(truncateToWidth("short", 5)).toBe("short");
});
