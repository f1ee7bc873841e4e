import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkText } from "../../src/chunking/chunk-text.ts";
import { loadTokenizer } from "../../src/chunking/wordpiece-tokenizer.ts";
import { type ChunkDraft, type ChunkingOptions, chunkingStrategies } from "../../src/domain/chunk.ts";
import { type DocumentType, documentTypes } from "../../src/domain/document.ts";
import { limits } from "../../src/domain/limits.ts";

const tokenizer = loadTokenizer(readFileSync(new URL("../../models/e5-small-v2/tokenizer.json", import.meta.url), "utf8"));

function chunk(content: string, documentType: DocumentType, options: ChunkingOptions = {}, leafTokensMax = 508): ChunkDraft[] {
  return chunkText(tokenizer, { content, documentType, options, leafTokensMax });
}

function leavesOf(chunks: readonly ChunkDraft[]): ChunkDraft[] {
  return chunks.filter(({ level }) => level === 0);
}

function parentsOf(chunks: readonly ChunkDraft[]): ChunkDraft[] {
  return chunks.filter(({ level }) => level === 1);
}

function textsOf(content: string, chunks: readonly ChunkDraft[]): string[] {
  return chunks.map(({ utf16Start, utf16End }) => content.slice(utf16Start, utf16End));
}

const sentence = "The river carries clear water past the old mill and the bridge. ";
const documents = {
  short: sentence.repeat(3),
  medium: sentence.repeat(100),
  long: sentence.repeat(1_000),
};

const snippets = [
  sentence,
  "word ",
  "\n",
  "\n\n",
  "   ",
  "\r\n",
  "检索增强生成。",
  "日本語のテキスト、そして「引用」。",
  "안녕하세요 세계 ",
  "👩‍👩‍👧‍👦",
  "👍🏽",
  "🇩🇪🇫🇷",
  "e\u0301\u0323",
  " \u0301",
  "नमस्ते ",
  "שָׁלוֹם עולם ",
  "مرحبا بالعالم، ",
  "\u0600",
  "\u200d",
  "a".repeat(99),
  "b".repeat(400),
  "Zm9vYmFy".repeat(12),
  "ΑΣ.",
  "[SEP]",
  "# Title\n",
  "\n## Part\n",
  "```\n# not a heading\n```\n",
  "Anna: hi\n",
  "\n[2023-05-01 10:00] Bob Smith: hello\n",
  "function f() {\n  return 1;\n}\n",
  "\n// about\nexport class A {\n",
  "From: a@b.c\nSubject: x\n\n",
  "\n> quoted\n",
  "On Monday Anna Smith wrote:\n",
  "\nBest regards,\nAnna\n",
  "-- \nme\n",
];
const anyText = fc
  .array(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...snippets) }, { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) }),
    {
      minLength: 1,
      maxLength: 80,
    },
  )
  .map((parts) => parts.join(""))
  .filter((text) => text !== "");

const anyOptions = fc.record({
  strategy: fc.constantFrom(undefined, ...chunkingStrategies),
  chunkTokens: fc.option(fc.integer({ min: limits.chunkTokensMin, max: 120 }), { nil: undefined }),
  overlapTokens: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
});

function forAnyChunks(check: (content: string, chunks: ChunkDraft[], options: ChunkingOptions) => void): void {
  fc.assert(
    fc.property(anyText, fc.constantFrom(...documentTypes), anyOptions, (content, documentType, options) => {
      check(content, chunk(content, documentType, options), options);
    }),
    { numRuns: 400 },
  );
}

describe("chunks of any text", () => {
  it("are leaves that cover the whole text, in order, none of them blank", () => {
    forAnyChunks((content, chunks) => {
      const leaves = leavesOf(chunks);
      let covered = 0;
      for (const [index, leaf] of leaves.entries()) {
        expect(leaf.index).toBe(index);
        expect(leaf.utf16Start).toBeLessThanOrEqual(covered);
        expect(leaf.utf16End, "an overlap only").toBeGreaterThan(covered);
        covered = leaf.utf16End;
        if (content.trim() !== "") expect(content.slice(leaf.utf16Start, leaf.utf16End).trim()).not.toBe("");
      }
      expect(leaves[0]?.utf16Start).toBe(0);
      expect(covered).toBe(content.length);
    });
  });

  it("say their place in code points and in UTF-16 units", () => {
    forAnyChunks((content, chunks) => {
      for (const { charStart, charEnd, utf16Start, utf16End } of chunks) {
        expect(charStart).toBe([...content.slice(0, utf16Start)].length);
        expect(charEnd - charStart).toBe([...content.slice(utf16Start, utf16End)].length);
      }
    });
  });

  it("say how many tokens they have, and leaves keep their bounds", () => {
    forAnyChunks((content, chunks, options) => {
      for (const { level, utf16Start, utf16End, charStart, charEnd, tokenCount } of chunks) {
        expect(tokenCount).toBe(tokenizer.countTokens(content.slice(utf16Start, utf16End)));
        if (level === 1) continue;
        expect(tokenCount).toBeLessThanOrEqual(options.chunkTokens ?? 508);
        expect(charEnd - charStart).toBeLessThanOrEqual((options.chunkTokens ?? 508) * limits.chunkCharsPerTokenMax);
      }
    });
  });

  it("break no grapheme", () => {
    const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });
    forAnyChunks((content, chunks) => {
      const boundaries = new Set([...segmenter.segment(content)].map(({ index }) => index));
      boundaries.add(content.length);
      for (const { utf16Start, utf16End } of chunks) {
        expect(boundaries.has(utf16Start)).toBe(true);
        expect(boundaries.has(utf16End)).toBe(true);
      }
    });
  });

  it("are parents that enclose two leaves or more, which name them", () => {
    forAnyChunks((_content, chunks, options) => {
      const leaves = leavesOf(chunks);
      for (const [index, parent] of parentsOf(chunks).entries()) {
        expect(options.strategy ?? "hierarchical").toBe("hierarchical");
        expect(parent.index).toBe(index);
        const own = leaves.filter(({ parentIndex }) => parentIndex === index);
        expect(own.length).toBeGreaterThanOrEqual(2);
        expect(own[0]?.utf16Start).toBe(parent.utf16Start);
        expect(own.at(-1)?.utf16End).toBe(parent.utf16End);
      }
    });
  });
});

describe("the sizes of chunks", () => {
  const sizes: [DocumentType, keyof typeof documents, leafTokens: number, parentTokens: number][] = [
    ["text", "short", 150, 300],
    ["text", "medium", 300, 600],
    ["text", "long", 360, 900],
    ["unknown", "medium", 300, 600],
    ["html", "medium", 300, 600],
    ["report", "medium", 300, 600],
    ["business_report", "medium", 300, 600],
    ["markdown", "medium", 300, 600],
    ["presentation", "medium", 200, 400],
    ["legal_document", "medium", 250, 500],
    ["docx", "medium", 350, 700],
    ["docx", "long", 420, 1_050],
    ["technical_doc", "medium", 400, 800],
    ["pdf", "medium", 400, 800],
    ["pdf", "long", 480, 1_200],
    ["code", "medium", 400, 800],
    ["email", "medium", 150, 300],
    ["chat", "medium", 100, 500],
  ];

  it.each(sizes)(
    "of a %s document that is %s are at most %i tokens, parents %i",
    (documentType, length, leafTokens, parentTokens) => {
      const chunks = chunk(documents[length], documentType);
      const leafSizes = leavesOf(chunks).map(({ tokenCount }) => tokenCount);
      const parentSizes = parentsOf(chunks).map(({ tokenCount }) => tokenCount);
      expect(Math.max(...leafSizes)).toBeLessThanOrEqual(leafTokens);
      if (length === "short") return;
      expect(Math.max(...leafSizes)).toBeGreaterThan(leafTokens * 0.8);
      expect(Math.max(...parentSizes)).toBeLessThanOrEqual(parentTokens);
      expect(Math.max(...parentSizes)).toBeGreaterThan(leafTokens);
    },
  );

  it("follow the client's number of tokens, up to what the model takes", () => {
    const largest = (chunkTokens: number) =>
      Math.max(
        ...leavesOf(chunk(documents.long, "text", { chunkTokens, strategy: "fixed_size" })).map(({ tokenCount }) => tokenCount),
      );
    expect(largest(64)).toBe(64);
    expect(largest(2_000)).toBe(508);
  });

  it("stay bounded for a word without end, which is one token", () => {
    const content = "x".repeat(100_000);
    for (const leaf of leavesOf(chunk(content, "text", { chunkTokens: 100 }))) {
      expect(leaf.charEnd - leaf.charStart).toBeLessThanOrEqual(1_600);
    }
  });

  it("stay bounded for one grapheme without end, which is then cut between code points", () => {
    const content = `a${"\u0301".repeat(5_000)}`;
    const leaves = leavesOf(chunk(content, "text", { chunkTokens: 16 }));
    expect(Math.max(...leaves.map(({ charEnd, charStart }) => charEnd - charStart))).toBe(256);
    expect(textsOf(content, leaves).join("")).toBe(content);
  });

  it("stay bounded for white space without end, which alone may fill leaves", () => {
    const leaves = leavesOf(chunk(`a${" ".repeat(100_000)}b`, "text"));
    expect(Math.max(...leaves.map(({ charEnd, charStart }) => charEnd - charStart))).toBe(5_760);
  });
});

describe("leaves", () => {
  it("are one, without a parent, if the text fits it", () => {
    expect(chunk(documents.short, "text")).toEqual([
      {
        level: 0,
        index: 0,
        parentIndex: undefined,
        charStart: 0,
        charEnd: documents.short.length,
        utf16Start: 0,
        utf16End: documents.short.length,
        tokenCount: 39,
        metadata: {},
      },
    ]);
  });

  it("keep white space with a part of the word before it, if that word fills a leaf", () => {
    const content = `${"b".repeat(400)}   `;
    const leaves = leavesOf(chunk(content, "pdf", { chunkTokens: 25 }));
    expect(textsOf(content, leaves)).toEqual(["b".repeat(200), `${"b".repeat(200)}   `]);
  });

  it("are one for a text of white space only", () => {
    expect(leavesOf(chunk(" \n\n\t ", "markdown"))).toMatchObject([{ utf16Start: 0, utf16End: 5, tokenCount: 0 }]);
  });

  it("are none for an empty text", () => {
    expect(chunk("", "text")).toEqual([]);
  });

  it("end at the end of a sentence, its white space included", () => {
    for (const text of textsOf(documents.medium, leavesOf(chunk(documents.medium, "text")))) expect(text).toMatch(/bridge\. $/);
  });

  it("end at the end of a sentence in scripts without spaces", () => {
    const content = "检索增强生成是一种技术，它很有用。".repeat(60);
    const leaves = leavesOf(chunk(content, "text"));
    expect(leaves.length).toBeGreaterThan(2);
    for (const text of textsOf(content, leaves)) expect(text).toMatch(/。$/);
  });

  it("begin with the last words of the leaf before them where an overlap is wanted", () => {
    const leaves = leavesOf(chunk(documents.medium, "text", { strategy: "sliding_window", chunkTokens: 100, overlapTokens: 20 }));
    for (const [index, leaf] of leaves.entries()) {
      const previous = leaves[index - 1];
      if (previous === undefined) continue;
      const overlap = tokenizer.countTokens(documents.medium.slice(leaf.utf16Start, previous.utf16End));
      expect(overlap).toBeGreaterThan(15);
      expect(overlap).toBeLessThanOrEqual(20);
    }
  });

  it.each(["fixed_size", "semantic"] as const)("do not overlap by default with the strategy %s", (strategy) => {
    const leaves = leavesOf(chunk(documents.medium, "text", { strategy }));
    expect(textsOf(documents.medium, leaves).join("")).toBe(documents.medium);
  });

  it("hold whole paragraphs with the strategy semantic", () => {
    const paragraph = `${sentence.repeat(8).trim()}\n\n`;
    const content = paragraph.repeat(10);
    const texts = textsOf(content, leavesOf(chunk(content, "text", { strategy: "semantic" })));
    expect(texts).toEqual(Array.from({ length: 5 }, () => paragraph.repeat(2)));
  });

  it("are the messages of a chat with every strategy", () => {
    for (const strategy of chunkingStrategies) {
      const leaves = leavesOf(chunk("Anna: hi\nBob: hello\n", "chat", { strategy }));
      expect(leaves.map(({ metadata }) => metadata.speaker)).toEqual(["Anna", "Bob"]);
    }
  });

  it("share the index of a long message", () => {
    const leaves = leavesOf(chunk(`Anna: ${sentence.repeat(20)}\nBob: ok`, "chat"));
    expect(leaves.length).toBeGreaterThan(3);
    const last = leaves.pop();
    expect(last?.metadata).toEqual({ speaker: "Bob", message_index: 1 });
    for (const { metadata } of leaves) expect(metadata).toEqual({ speaker: "Anna", message_index: 0 });
  });
});

describe("parents", () => {
  it("hold five messages of a chat of more than ten", () => {
    const content = Array.from({ length: 12 }, (_, index) => `Anna: message ${index}\n`).join("");
    expect(leavesOf(chunk(content, "chat")).map(({ parentIndex }) => parentIndex)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2]);
    expect(parentsOf(chunk(content.slice(0, content.indexOf("message 10") - 6), "chat"))).toEqual([]);
  });

  it("stay within one top section of markdown", () => {
    const content = "# A\ntext\n## B\ntext\n# C\ntext\n## D\ntext\n";
    expect(textsOf(content, parentsOf(chunk(content, "markdown")))).toEqual([
      "# A\ntext\n## B\ntext\n",
      "# C\ntext\n## D\ntext\n",
    ]);
  });

  it.each(["semantic", "fixed_size", "sliding_window"] as const)("are not made by the strategy %s", (strategy) => {
    expect(parentsOf(chunk(documents.long, "text", { strategy }))).toEqual([]);
  });
});
