import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuery } from "../../src/search/parse-query.ts";

describe("a query's operators", () => {
  it.each<{ query: string; words: string; phrases?: string[][]; excluded?: string[] }>([
    { query: "the river and the mill", words: "the river and the mill" },
    { query: "  much \t white\n space  ", words: "much white space" },
    { query: 'mill "old bridge" river', words: "mill old bridge river", phrases: [["old bridge"]] },
    { query: "“curly quotes” count", words: "curly quotes count", phrases: [["curly quotes"]] },
    { query: '"one" "two"', words: "one two", phrases: [["one"], ["two"]] },
    { query: '"one" or "two" OR "three"', words: "one two three", phrases: [["one", "two", "three"]] },
    { query: '"one" or "two" "three"', words: "one two three", phrases: [["one", "two"], ["three"]] },
    { query: '"with punctuation"?', words: "with punctuation ?", phrases: [["with punctuation"]] },
    { query: "mill -river", words: "mill", excluded: ["river"] },
    { query: 'mill -"old bridge" -“new bridge”', words: "mill", excluded: ["old bridge", "new bridge"] },
    { query: "-1 -größe", words: "", excluded: ["1", "größe"] },
    { query: "mill or river", words: "mill river" },
    { query: "mill Or river oR corn", words: "mill river corn" },
  ])("of $query are taken apart", ({ query, words, phrases = [], excluded = [] }) => {
    expect(parseQuery(query)).toEqual({ words, phrases, excluded });
  });

  it.each([
    ["a hyphen inside a word", "e-mail well-known"],
    ["a lone hyphen", "mill - river"],
    ["two hyphens", "--flag"],
    ["a lone quotation mark", 'a 5" pipe'],
    ["a quotation mark that is never closed", '"open end'],
    ["quotation marks inside a word", 'the "a"b'],
    ["an apostrophe", "Caroline's mill"],
    ["an or at the beginning", "or so"],
    ["an or at the end", "this or"],
    ["an or alone", "or"],
    ["what other query languages know", "a & b | c !d (e) f:* g <-> h \\ + ~ ^2 [x]"],
  ])("are not found in %s", (_, query) => {
    expect(parseQuery(query)).toEqual({ words: query, phrases: [], excluded: [] });
  });

  it("say nothing where they hold nothing", () => {
    expect(parseQuery("")).toEqual({ words: "", phrases: [], excluded: [] });
    expect(parseQuery('mill "" “ ” -""')).toEqual({ words: "mill", phrases: [], excluded: [] });
  });

  it("join phrases by or alone, and only those that stand beside it", () => {
    expect(parseQuery('"one" or mill "two"').phrases).toEqual([["one"], ["two"]]);
    expect(parseQuery('"one" mill or "two"').phrases).toEqual([["one"], ["two"]]);
    expect(parseQuery('"one" or').words).toBe("one or");
    expect(parseQuery('"one" or -"two" "three"')).toEqual({
      words: "one three",
      phrases: [["one"], ["three"]],
      excluded: ["two"],
    });
  });

  it("are found in any text without fail, and never stand among the words that are excluded", () => {
    const part = fc.constantFrom('"', "“", "”", "-", " ", "or", "OR", "mill", "river", "🎈", "شمس", "\\", "'", "\u0000", "\n");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const query = parts.join("");
        const { words, phrases, excluded } = parseQuery(query);
        for (const group of phrases) {
          expect(group.length).toBeGreaterThan(0);
          for (const phrase of group) if (!/^or$/i.test(phrase)) expect(words).toContain(phrase);
        }
        for (const text of [...phrases.flat(), ...excluded]) {
          expect(text.trim()).not.toBe("");
          expect(query).toContain(text);
        }
        // Nothing is lost but operators.
        const letters = (text: string) => [...text.matchAll(/mill|river|🎈|شمس/gu)].length;
        expect(letters([words, ...excluded].join(" "))).toBe(letters(query));
      }),
    );
  });
});
