import { describe, expect, it } from "vitest";
import { lexicalScores } from "../../src/search/lexical-scores.ts";

async function scoresOf(words: string, contents: readonly string[], documentName = ""): Promise<number[]> {
  return await lexicalScores(
    words,
    contents.map((content) => ({ content, documentName })),
  );
}

function expectDescending(scores: readonly number[]): void {
  expect(scores).toEqual([...scores].sort((left, right) => right - left));
  expect(new Set(scores).size).toBe(scores.length);
}

describe("lexical scores", () => {
  it("lie between 0, no word in common, and 1", async () => {
    const scores = await scoresOf("red mill", ["red mill", "red red red", "a blue bridge over the river", ""]);
    for (const score of scores) expect(score >= 0 && score <= 1).toBe(true);
    expect(scores.slice(2)).toEqual([0, 0]);
    expect(await scoresOf("mill", [])).toEqual([]);
    expect(await scoresOf("?!", ["mill"])).toEqual([0]);
  });

  it("prefer more of the query's words to more of one word", async () => {
    expectDescending(await scoresOf("red mill river", ["the red mill", "red red red", "a bridge over stones"]));
  });

  it("prefer the rarer word", async () => {
    const [rare = 0, common = 0] = await scoresOf("river mill", ["the mill", "the river", "that river", "this river"]);
    expect(rare).toBeGreaterThan(common);
  });

  it("prefer the shorter of two passages with the same words", async () => {
    expectDescending(await scoresOf("mill", ["the mill", `the mill ${"and so on ".repeat(50)}`]));
  });

  it("count the document's name, for less than the text", async () => {
    const passages = [
      { content: "the mill", documentName: "notes" },
      { content: "the barn", documentName: "mill" },
      { content: "the barn", documentName: "notes" },
    ];
    expectDescending(await lexicalScores("mill", passages));
  });

  it("leave stop words out, unless there is nothing else", async () => {
    expect(await scoresOf("the mill", ["the the the", "mill"])).toEqual([0, expect.any(Number)]);
    const [all = 0, none = 0] = await scoresOf("to be", ["to be or not to be", "nothing of it"]);
    expect([all > 0, none]).toEqual([true, 0]);
  });

  it.each([
    { words: "МЕЛЬНИЦА", content: "старая мельница" },
    { words: "ＭＩＬＬ", content: "the mill" },
    { words: "東京", content: "私は東京都に住んでいます" },
    { words: "กาแฟ", content: "ฉันชอบดื่มกาแฟ" },
    { words: "naïve", content: "a naïve idea" },
  ])("find $words in $content", async ({ words, content }) => {
    const [found = 0, other] = await scoresOf(words, [content, "something else"]);
    expect([found > 0, other]).toEqual([true, 0]);
  });

  it("are the same each time", async () => {
    const contents = Array.from({ length: 50 }, (_, index) => `mill ${"river ".repeat(index % 7)} ${index}`);
    expect(await scoresOf("mill river 7", contents)).toEqual(await scoresOf("mill river 7", contents));
  });
});
