import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprintOf, segmentsOf } from "../../src/documents/prepare-document.ts";
import type { GivenEmbedding, NewDocument } from "../../src/domain/document.ts";
import type { ChunkSummary, ContextPrefix } from "../../src/domain/enrichment.ts";
import { limits } from "../../src/domain/limits.ts";
import { newDocument } from "../support/document-deps.ts";
import { packVectors } from "../support/pack-vectors.ts";

describe("the segments of a text", () => {
  const unitsMax = Math.floor(limits.contentSegmentBytesMax / 3);

  it.each([
    { what: "a short text", text: "short" },
    { what: "exactly one segment", text: "a".repeat(unitsMax) },
    { what: "one character more", text: "a".repeat(unitsMax + 1) },
    { what: "three-byte characters to the last byte", text: "€".repeat(unitsMax * 2) },
    { what: "an astral character across the boundary", text: `${"a".repeat(unitsMax - 1)}😀b` },
    { what: "an astral character that ends at the boundary", text: `${"a".repeat(unitsMax - 2)}😀b` },
    { what: "an astral character that begins at the boundary", text: `${"a".repeat(unitsMax)}😀` },
    { what: "astral characters alone, in odd places", text: `a${"😀".repeat(unitsMax)}` },
  ])("hold $what, whole characters of bounded bytes with their place", ({ text }) => {
    const segments = segmentsOf(text);
    expect(segments.map((segment) => segment.content).join("")).toBe(text);
    let charStart = 0;
    for (const segment of segments) {
      expect(segment.charStart).toBe(charStart);
      expect(segment.content.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(segment.content)).toBeLessThanOrEqual(limits.contentSegmentBytesMax);
      expect(segment.content).not.toBe("");
      charStart += [...segment.content].length;
    }
  });

  it("are right for any text around a boundary", () => {
    const around = fc.string({ unit: "binary", maxLength: 8 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(fc.integer({ min: unitsMax - 4, max: unitsMax + 1 }), around, (length, text) => {
        const whole = `${"x".repeat(length)}${text}`;
        const segments = segmentsOf(whole);
        expect(segments.map((segment) => segment.content).join("")).toBe(whole);
        expect(segments.every((segment) => segment.content.isWellFormed())).toBe(true);
        for (const segment of segments.slice(1))
          expect([...whole].slice(segment.charStart).join("").startsWith(segment.content)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe("the fingerprint of a document", () => {
  const document = newDocument({ metadata: { a: 1, b: { c: [1, 2], d: null } }, documentDate: new Date("2026-01-01") });
  const hash = (given: NewDocument) => fingerprintOf(given).toString("hex");

  it.each<{ what: string; change: Partial<NewDocument> }>([
    { what: "name", change: { documentName: "another" } },
    { what: "type", change: { documentType: "chat" } },
    { what: "content", change: { content: `${document.content} ` } },
    { what: "metadata", change: { metadata: { a: 2, b: { c: [1, 2], d: null } } } },
    { what: "the order in an array", change: { metadata: { a: 1, b: { c: [2, 1], d: null } } } },
    { what: "a null that is gone", change: { metadata: { a: 1, b: { c: [1, 2] } } } },
    { what: "date", change: { documentDate: new Date("2026-01-01T00:00:00.001Z") } },
    { what: "no date", change: { documentDate: undefined } },
    { what: "language", change: { language: "en" } },
    { what: "strategy", change: { chunking: { strategy: "fixed_size" } } },
    { what: "chunk size", change: { chunking: { chunkTokens: 100 } } },
    { what: "overlap", change: { chunking: { overlapTokens: 100 } } },
  ])("changes with $what", ({ change }) => {
    expect(hash({ ...document, ...change })).not.toBe(hash(document));
  });

  it("changes with what is made beside the text, and with the chat model if that makes it", () => {
    const of = (contextPrefix: ContextPrefix, summary: ChunkSummary, chatModel?: string) =>
      fingerprintOf(document, { contextPrefix, summary }, chatModel).toString("hex");
    expect(of("none", "none", "writer")).toBe(hash(document));
    expect(of("template", "extractive", "writer")).toBe(of("template", "extractive"));
    const different = [
      hash(document),
      of("template", "none"),
      of("template", "extractive"),
      of("none", "extractive"),
      of("none", "model"),
      of("none", "model", "writer"),
      of("model", "none", "writer"),
      of("model", "none", "another"),
    ];
    expect(new Set(different).size).toBe(different.length);
  });

  it("changes with vectors and their model, but not with how they are packed", () => {
    const of = (modelId: string, vectors: GivenEmbedding["vectors"]) => hash({ ...document, embedding: { modelId, vectors } });
    const vectors = [Float32Array.of(1, 0.5), Float32Array.of(-2, 0.25)];
    expect(of("model", packVectors(vectors))).toBe(of("model", vectors));
    const different = [hash(document), of("model", vectors), of("another", vectors), of("model", vectors.toReversed())];
    expect(new Set(different).size).toBe(different.length);
  });

  it("does not depend on the order of names in metadata, at any depth", () => {
    const reordered = { b: { d: null, c: [1, 2] }, a: 1 };
    expect(hash({ ...document, metadata: reordered })).toBe(hash(document));
  });

  it("is of what the client gave, not of whom it is or under which key", () => {
    expect(hash({ ...document, ownerId: "another", idAtOrigin: "another" })).toBe(hash(document));
  });

  it("tells any two metadata and contents apart", () => {
    const facts = fc.record({ metadata: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }), content: fc.string() });
    fc.assert(
      fc.property(facts, facts, (left, right) => {
        // What PostgreSQL and JSON take for equal is compared as JSON, in which −0 is 0.
        const isSame = canonical(left) === canonical(right);
        const [first, second] = [left, right].map((given) =>
          hash({ ...document, ...(given as Pick<NewDocument, "metadata" | "content">) }),
        );
        expect(first === second).toBe(isSame);
      }),
    );
  });
});

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([name, child]) => `${JSON.stringify(name)}:${canonical(child)}`).join()}}`;
}
