import { beforeAll, describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { search } from "../../src/search/search.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { newQuery } from "../support/search-answers.ts";
import { newSearchDeps } from "../support/search-deps.ts";
import { embedWaiting, newOwner } from "../support/test-storage.ts";

const contents: Readonly<Record<string, { readonly content: string; readonly language: string }>> = {
  fox: { content: "The quick brown fox jumps over the lazy dog.", language: "en" },
  mill: { content: "The old mill by the river grinds corn.", language: "en" },
  bridge: { content: "A bridge near the mill crosses the old river.", language: "en" },
  houses: { content: "Two houses stand by the lake.", language: "en" },
  deutsch: { content: "Am Ufer stehen zwei alte Häuser, und die Mühlen mahlen.", language: "de" },
  arabic: { content: "مرحبا بالعالم من المدينة القديمة", language: "ar" },
  hebrew: { content: "שלום עולם מן העיר העתיקה", language: "he" },
  chinese: { content: "我们在河边的磨坊里磨玉米。", language: "zh" },
};
const everything = Object.keys(contents).toSorted();

describe.each(testDatabases())("queries of every kind on $name", (kind) => {
  const documents = useDocuments(kind);
  const ownerId = newOwner();

  beforeAll(async () => {
    const given = Object.entries(contents).map(([idAtOrigin, text]) => newDocument({ ownerId, idAtOrigin, ...text }));
    await addDocuments(documents(), given, never);
    await embedWaiting(documents());
  });

  async function keysOf(queryText: string, given: Partial<SearchQuery> = {}): Promise<string[]> {
    const { hits } = await search(newSearchDeps(documents()), newQuery({ ownerId, queryText, textWindow: 0, ...given }), never);
    return hits.map((hit) => hit.idAtOrigin);
  }

  const byText = async (queryText: string, given: Partial<SearchQuery> = {}) =>
    (await keysOf(queryText, { searchType: "text", ...given })).toSorted();

  it.each([
    ["nothing but stop words", "the and of"],
    ["nothing but punctuation", "!!! ??? … — ·"],
    ["operators of tsquery", "& | ! ( ) : * <-> '"],
    ["operators of tsquery without spaces", "&|!():*<->'"],
    ["an operator that lacks its other side", "! & :*"],
    ["backslashes and quotation marks", "\\ \\\\ \\' '' \" \"\" '"],
    ["emoji", "🎈🎈 👩‍👩‍👧‍👧 🇩🇪"],
    ["right-to-left text that is nowhere", "تفاح بطيخ"],
    ["marks of direction", "\u202e\u2066\u200f"],
    ["a thousand letters without a space", "a".repeat(1_000)],
    ["a thousand emoji", "🎈".repeat(1_000)],
    ["a thousand letters of a script without spaces", "龘".repeat(1_000)],
    ["five hundred words", Array.from({ length: 500 }, (_, index) => index % 10).join(" ")],
    ["more different words than are looked up", Array.from({ length: 200 }, (_, index) => `q${index}`).join(" ")],
    ["white space", "   \t "],
    ["controls", "\u0001\u0007\u001b[31m"],
    ["something like a weight or a prefix", "qqq:A qqq:*"],
    ["an injection", "'); drop table documents; --"],
  ])("with %s are answered by vectors alone", async (_, queryText) => {
    for (const searchType of ["vector", "hybrid"] as const)
      expect((await keysOf(queryText, { searchType })).toSorted()).toEqual(everything);
    expect(await byText(queryText)).toEqual([]);
  });

  it.each([
    ["& mill | !corn", ["bridge", "mill"]],
    ["mill:* 'corn' <-> (fox)", ["bridge", "fox", "mill"]],
    ["mill\\", ["bridge", "mill"]],
    ["🎈 mill 🎈", ["bridge", "mill"]],
    ["mill's", ["bridge", "mill"]],
    ["MILL", ["bridge", "mill"]],
    [`${"zzz ".repeat(249)}fox`, ["fox"]],
    ["مرحبا", ["arabic"]],
    ["שלום", ["hebrew"]],
    ["\u202bשלום\u202c", ["hebrew"]],
    ["磨坊", ["chinese"]],
  ])("find the words that are in %j", async (queryText, keys) => {
    expect(await byText(queryText)).toEqual(keys);
  });

  it.each([
    { query: '"old mill"', keys: ["mill"] },
    { query: "“old mill”", keys: ["mill"] },
    { query: '"old river" fox', keys: ["bridge"] },
    { query: '"old mill" "grinds corn"', keys: ["mill"] },
    { query: '"old mill" "quick brown"', keys: [] },
    { query: '"old mill" or "quick brown"', keys: ["fox", "mill"] },
    { query: '"the the" mill', keys: ["bridge", "mill"] },
    { query: "mill or fox", keys: ["bridge", "fox", "mill"] },
    { query: "mill -corn", keys: ["bridge"] },
    { query: "mill -corns", keys: ["bridge"] },
    { query: 'mill -"old river"', keys: ["mill"] },
    { query: "mill -river", keys: [] },
    { query: "-mill", keys: [] },
    { query: "-the mill", keys: ["bridge", "mill"] },
    { query: 'mill "', keys: ["bridge", "mill"] },
  ])("by words with operators: $query", async ({ query, keys }) => {
    expect(await byText(query)).toEqual(keys);
  });

  it("by both sides never give what holds an excluded word, however near it is", async () => {
    expect((await keysOf("mill -corn")).toSorted()).toEqual(everything.filter((key) => key !== "mill"));
    expect((await keysOf("-mill")).toSorted()).toEqual(everything.filter((key) => key !== "mill" && key !== "bridge"));
    expect((await keysOf('old mill river -"old mill"')).toSorted()).toEqual(everything.filter((key) => key !== "mill"));
    expect(await keysOf("mill -corn", { queryExpansion: "heuristic" })).not.toContain("mill");
    expect(await keysOf("where is the old mill -corn", { queryExpansion: "heuristic", rerank: "lexical" })).not.toContain("mill");
  });

  it("by both sides put chunks that hold a required phrase first", async () => {
    expect((await keysOf('"old river" mill'))[0]).toBe("bridge");
    expect((await keysOf('"old mill" river'))[0]).toBe("mill");
  });

  it("are read in the language of each chunk", async () => {
    expect(await byText("house")).toEqual(["houses"]);
    expect(await byText("Haus")).toEqual(["deutsch"]);
    expect(await byText("Mühle mahlt")).toEqual(["deutsch"]);
    expect(await byText("haus house standing")).toEqual(["deutsch", "houses"]);
    // A stop word of one language may be a word of another.
    expect(await byText("die")).toEqual([]);
  });

  it("are read in the one language that they are said to be in, and find its chunks alone by words", async () => {
    expect(await byText("haus house", { language: "de" })).toEqual(["deutsch"]);
    expect(await byText("haus house", { language: "en-GB" })).toEqual(["houses"]);
    expect(await byText("haus house", { language: "fr" })).toEqual([]);
    expect((await keysOf("haus house", { language: "fr" })).toSorted()).toEqual(everything);
  });

  it("of an owner that has nothing find nothing", async () => {
    for (const queryText of ["mill", '"old mill"', "-mill", "the", "🎈"]) {
      for (const searchType of ["text", "vector", "hybrid"] as const)
        expect(await keysOf(queryText, { ownerId: newOwner(), searchType })).toEqual([]);
    }
  });

  it("say whether some of their words were not looked up", async () => {
    const truncated = async (queryText: string) =>
      (await search(newSearchDeps(documents()), newQuery({ ownerId, queryText }), never)).receipt.truncated;
    expect(await truncated("mill")).toBe(false);
    expect(await truncated(Array.from({ length: 200 }, (_, index) => `q${index}`).join(" "))).toBe(true);
  });
});
