import { describe, expect, it } from "vitest";
import { enrichmentQuestion } from "../../src/documents/enrichment-question.ts";
import { limits } from "../../src/domain/limits.ts";
import type { PreparedChunk } from "../../src/storage/diff-chunks.ts";
import { newDocument } from "../support/document-deps.ts";
import { sketch } from "../support/prepared-documents.ts";

const leaves = sketch({ leaves: ["first", "second", "third", "fourth"] }).chunks;
const document = newDocument({ documentName: "Diary", documentType: "report", content: "first\nsecond\nthird\nfourth" });
const both = { contextPrefix: true, summary: true };

function questionFor(passages: readonly PreparedChunk[], wanted = both, of = document) {
  return enrichmentQuestion({ document: of, leaves, passages, wanted });
}

describe("the question for notes on passages", () => {
  it("shows the passages with what is known of their document and what stands around them", () => {
    const dated = { ...document, documentDate: new Date("2026-03-01T12:00:00Z") };
    expect(questionFor(leaves.slice(1, 3), both, dated).input).toEqual({
      document: { name: "Diary", type: "report", date: "2026-03-01", beginning: document.content },
      before: "first",
      after: "fourth",
      passages: [
        { passage: 1, text: "second" },
        { passage: 2, text: "third" },
      ],
    });
  });

  it("tells where the document ends, and what the text's structure says of a passage", () => {
    const [only] = leaves;
    if (!only) throw new Error("a leaf");
    const spoken = { ...only, metadata: { speaker: "Ann" } };
    const { input } = enrichmentQuestion({ document, leaves: [spoken], passages: [spoken], wanted: both });
    expect(input).toMatchObject({ passages: [{ passage: 1, speaker: "Ann", text: "first" }] });
    expect(input).not.toHaveProperty("before");
    expect(input).not.toHaveProperty("after");
  });

  it.each([
    [{ contextPrefix: true, summary: false }, ["passage", "context"]],
    [{ contextPrefix: false, summary: true }, ["passage", "summary"]],
    [both, ["passage", "context", "summary"]],
  ])("asks for no more than is wanted: %j", (wanted, required) => {
    const { schema, instructions } = questionFor(leaves.slice(0, 1), wanted);
    expect(schema).toMatchObject({ properties: { passages: { items: { required, additionalProperties: false } } } });
    for (const note of ["context", "summary"]) expect(instructions.includes(`\`${note}\``)).toBe(required.includes(note));
  });

  it("is bounded however long document and passages are", () => {
    const [leaf] = leaves;
    if (!leaf) throw new Error("a leaf");
    const long = { ...leaf, content: "🎈".repeat(50_000) };
    const of = { ...document, content: "ü".repeat(1_000_000), documentName: "n".repeat(500) };
    const { input } = enrichmentQuestion({ document: of, leaves: [long, long, long], passages: [long], wanted: both });
    const { enrichmentBeginningCharsMax, enrichmentPassageCharsMax } = limits;
    expect([...JSON.stringify(input)].length).toBeLessThan(enrichmentBeginningCharsMax + 3 * enrichmentPassageCharsMax + 500);
  });

  describe("reads", () => {
    const { read } = questionFor(leaves.slice(0, 2));

    it("entries in any order, in one line and without what is no text", () => {
      const first = { passage: 1, context: " It is\n\tearly.\u0000 ", summary: "half \ud800 a pair" };
      const second = { passage: 2, context: "x".repeat(5_000), summary: "" };
      expect(read({ passages: [second, first] })).toEqual([
        { contextPrefix: "It is early.", summary: "half \ufffd a pair" },
        { contextPrefix: "x".repeat(limits.modelTextCharsMax), summary: undefined },
      ]);
    });

    it.each([
      ["a missing passage", { passages: [{ passage: 1, context: "a" }] }],
      [
        "a passage twice",
        {
          passages: [
            { passage: 1, context: "a" },
            { passage: 1, context: "b" },
          ],
        },
      ],
      [
        "numbers from zero",
        {
          passages: [
            { passage: 0, context: "a" },
            { passage: 1, context: "b" },
          ],
        },
      ],
      ["bare texts", { passages: ["a", "b"] }],
      ["another form", { notes: [] }],
      ["no object", null],
    ])("nothing from an answer with %s", (_, answer) => {
      expect(read(answer)).toBeUndefined();
    });
  });
});
