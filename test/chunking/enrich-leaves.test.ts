import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { chunkText } from "../../src/chunking/chunk-text.ts";
import { enrichLeaves } from "../../src/chunking/enrich-leaves.ts";
import { loadTokenizer } from "../../src/chunking/wordpiece-tokenizer.ts";

const tokenizer = loadTokenizer(
  readFileSync(fileURLToPath(new URL("../../models/e5-small-v2/tokenizer.json", import.meta.url)), "utf8"),
);
const leafTokensMax = 120;
const content = `# Guide\n\n## Install\n\n${"The pump needs clean water, and the filter of the pump is cleaned weekly. ".repeat(40)}\n\n## Use\n\nPress the button.`;
const chunks = chunkText(tokenizer, { content, documentType: "markdown", options: {}, leafTokensMax });
const document = { content, documentType: "markdown", language: "en", leafTokensMax } as const;
const facts = { documentName: "Manual", documentDate: undefined };

describe("enriching leaves", () => {
  it("changes nothing unless it is asked to", () => {
    expect(enrichLeaves(tokenizer, chunks, document)).toEqual(chunks);
  });

  it("gives every leaf its own path, and parents nothing", () => {
    const enriched = enrichLeaves(tokenizer, chunks, { ...document, prefixOf: facts, leafTokensMax: 508 });
    const leaves = enriched.filter(({ level }) => level === 0);
    expect(leaves.length).toBeGreaterThan(3);
    expect(new Set(leaves.map(({ contextPrefix }) => contextPrefix))).toEqual(
      new Set(["Manual > Guide > Install (markdown)", "Manual > Guide > Use (markdown)"]),
    );
    expect(enriched.filter(({ level, contextPrefix }) => level > 0 && contextPrefix !== undefined)).toEqual([]);
    expect(enriched.map(({ contextPrefix: _, summary: __, ...chunk }) => chunk)).toEqual(chunks);
  });

  it("shortens the prefix, never the chunk, where the model does not take both", () => {
    const leaves = enrichLeaves(tokenizer, chunks, { ...document, prefixOf: facts }).filter(({ level }) => level === 0);
    for (const { contextPrefix, tokenCount } of leaves) {
      expect(tokenCount + tokenizer.countTokens(contextPrefix ?? "")).toBeLessThanOrEqual(leafTokensMax);
    }
  });

  it("gives long leaves a summary of their own sentences", () => {
    const summaries = enrichLeaves(tokenizer, chunks, { ...document, summarizes: true })
      .filter(({ level }) => level === 0)
      .map(({ summary }) => summary);
    expect(summaries[0]).toContain("The pump needs clean water");
    expect(summaries.at(-1)).toBeUndefined();
  });
});
