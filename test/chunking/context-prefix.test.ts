import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { contextTemplate, type DocumentFacts, fitPrefix } from "../../src/chunking/context-prefix.ts";
import { loadTokenizer } from "../../src/chunking/wordpiece-tokenizer.ts";
import type { JsonObject } from "../../src/domain/document.ts";
import { limits } from "../../src/domain/limits.ts";

const tokenizer = loadTokenizer(
  readFileSync(fileURLToPath(new URL("../../models/e5-small-v2/tokenizer.json", import.meta.url)), "utf8"),
);
const date = new Date("2023-05-08T23:59:00Z");

function prefixOf(facts: Partial<DocumentFacts>, metadata: JsonObject = {}): string {
  const nothing = { documentName: "", documentType: "unknown", documentDate: undefined, language: "und" } as const;
  return contextTemplate({ ...nothing, ...facts })(metadata);
}

describe("the template of context prefixes", () => {
  it.each([
    [{ documentName: "Annual report" }, {}, "Annual report"],
    [{ documentName: "Annual report" }, { headings: ["Costs", "Travel"] }, "Annual report > Costs > Travel"],
    [{ documentName: "Minutes", documentType: "business_report" }, {}, "Minutes (business report)"],
    [{ documentName: "Minutes", documentType: "chat", documentDate: date }, {}, "Minutes (chat, May 8, 2023)"],
    [{ documentName: "Protokoll", documentDate: date, language: "de" }, {}, "Protokoll (8. Mai 2023)"],
    [{ documentName: "گزارش", documentDate: date, language: "fa-IR" }, {}, /2023/],
    [{ documentDate: date, language: "en-a" }, {}, "(May 8, 2023)"],
    [{ documentType: "chat", documentDate: date }, { speaker: "Ann" }, "(chat, May 8, 2023)"],
    [{ documentName: "Guide" }, { headings: ["Guide", "Install"] }, "Guide > Install"],
    [{ documentName: " two\n lines " }, { headings: ["  a\tb "] }, "two lines > a b"],
    [{ documentType: "email" }, {}, ""],
    [{ documentType: "markdown" }, { headings: [] }, ""],
    [{}, {}, ""],
  ] as const)("makes of %j and %j: %s", (facts, metadata, prefix) => {
    const made = prefixOf(facts, metadata as unknown as JsonObject);
    if (typeof prefix === "string") expect(made).toBe(prefix);
    else expect(made).toMatch(prefix);
  });

  it("cuts a long name, so that there is room for the headings", () => {
    const prefix = prefixOf({ documentName: "n".repeat(500) }, { headings: ["Travel"] });
    expect(prefix).toBe(`${"n".repeat(limits.modelDocumentNameCharsMax)} > Travel`);
  });
});

describe("fitting a prefix", () => {
  const prefix = "Annual report > Costs > Travel (report, May 8, 2023)";

  it("keeps what fits whole", () => {
    expect(fitPrefix(tokenizer, prefix, 508)).toBe(prefix);
    expect(fitPrefix(tokenizer, prefix, tokenizer.countTokens(prefix))).toBe(prefix);
  });

  it.each([
    [13, "Annual report > Costs > Travel (report, May 8"],
    [8, "Annual report > Costs > Travel (report"],
    [6, "Annual report > Costs > Travel"],
    [5, "Annual report > Costs"],
    [1, "Annual"],
    [0, undefined],
    [-3, undefined],
  ])("to %d tokens leaves out the end", (tokensMax, fitting) => {
    expect(fitPrefix(tokenizer, prefix, tokensMax)).toBe(fitting);
  });

  it("never gives more than a prefix may have", () => {
    const fitting = fitPrefix(tokenizer, "word ".repeat(200), 508);
    expect(tokenizer.countTokens(fitting ?? "")).toBe(limits.contextPrefixTokensMax);
  });

  it("counts as the model does: with its chunk behind a line feed it has the tokens of both", () => {
    const chunk = "σΣ Travel was dear. [CLS]";
    expect(tokenizer.countTokens(`${prefix}\n${chunk}`)).toBe(tokenizer.countTokens(prefix) + tokenizer.countTokens(chunk));
  });
});
