import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractSummary } from "../../src/chunking/extract-summary.ts";
import { loadTokenizer } from "../../src/chunking/wordpiece-tokenizer.ts";

const tokenizer = loadTokenizer(
  readFileSync(fileURLToPath(new URL("../../models/e5-small-v2/tokenizer.json", import.meta.url)), "utf8"),
);
const summaryOf = (text: string, tokensMax: number) => extractSummary(tokenizer, text, tokensMax);

describe("the extractive summary", () => {
  it("is the sentence that says what the others say, not the first, nor the one with the most common words", () => {
    const text = [
      "It was late and the rain had not stopped for the whole of the day.",
      "The bridge needs new cables.",
      "Engineers say the bridge and its cables were inspected in May.",
      "The mayor wants the inspected cables paid by the region.",
      "Nobody was in the office in the evening.",
    ].join(" ");
    expect(summaryOf(text, 16)).toBe("Engineers say the bridge and its cables were inspected in May.");
  });

  it("keeps the order of the text, and marks what is left out between sentences", () => {
    const text = "Rivers carry sand. Unrelated words stand here alone. Sand fills rivers. Something else again comes last.";
    expect(summaryOf(text, 12)).toBe("Rivers carry sand. … Sand fills rivers.");
  });

  it("gives the beginning of a text whose sentences have nothing in common", () => {
    expect(summaryOf("Apples fell. Clocks rang. Dogs slept. Birds sang.", 8)).toBe("Apples fell. Clocks rang.");
  });

  it("is in one line, and takes sentences that stand side by side as they stand", () => {
    expect(summaryOf("猫喜欢鱼。鱼住在河里。\n\n完全不同的句子在这里。别的事情。", 12)).toBe("猫喜欢鱼。鱼住在河里。");
    expect(summaryOf("One\n thing  here.\n\nTwo things there. Three things more.", 10)).not.toMatch(/\n| {2}/);
  });

  it("is none for a text that is no longer than a summary may be", () => {
    expect(summaryOf("Short enough. By far.", 80)).toBeUndefined();
    expect(summaryOf("", 80)).toBeUndefined();
  });

  it("cuts a sentence that alone is too long, and says so", () => {
    expect(summaryOf("this sentence never comes to an end because it goes on and on", 5)).toBe("this sentence never comes to…");
  });

  it("is never longer than it may be, whatever the text", () => {
    const words = fc.array(fc.constantFrom("the", "bridge", "Straße", "橋", "is", "old.", "New!", "\n\n", "🎈", "３．"), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(words, fc.integer({ min: 3, max: 20 }), (parts, tokensMax) => {
        const text = parts.join(" ");
        const summary = summaryOf(text, tokensMax);
        expect(summary === undefined).toBe(tokenizer.countTokens(text) <= tokensMax);
        if (summary !== undefined) expect(tokenizer.countTokens(summary.replaceAll("…", ""))).toBeLessThanOrEqual(tokensMax);
      }),
    );
  });
});
