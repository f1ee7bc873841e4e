import { describe, expect, it } from "vitest";
import { checkMetadata } from "../../src/domain/check-metadata.ts";
import type { JsonObject, JsonValue } from "../../src/domain/document.ts";
import { limits } from "../../src/domain/limits.ts";

/** Metadata of exactly so many levels, the outermost object included. */
function ofDepth(levels: number, wrap: (value: JsonValue) => JsonValue = (value) => ({ a: value })): JsonObject {
  let value: JsonValue = 1;
  for (let level = 1; level < levels; level++) value = wrap(value);
  return { a: value };
}

/** Metadata of exactly so many bytes of JSON. */
function ofBytes(bytes: number): JsonObject {
  return { a: "x".repeat(bytes - Buffer.byteLength('{"a":""}')) };
}

describe("metadata", () => {
  it.each<{ what: string; metadata: JsonObject }>([
    { what: "nothing", metadata: {} },
    { what: "every type of JSON", metadata: { a: null, b: true, c: 1.5, d: "x", e: [1, [2]], f: { g: {} } } },
    { what: "ten levels", metadata: ofDepth(limits.metadataDepthMax) },
    { what: "a long name", metadata: { ["n".repeat(limits.metadataKeyCharsMax)]: 1 } },
    { what: "a long name of characters beyond the BMP", metadata: { ["😀".repeat(limits.metadataKeyCharsMax)]: 1 } },
    { what: "64 KiB", metadata: ofBytes(limits.metadataBytesMax) },
    { what: "many elements in an array", metadata: { a: Array.from({ length: 1_000 }, (_, index) => index) } },
  ])("may have $what", ({ metadata }) => {
    expect(checkMetadata("metadata", metadata)).toEqual([]);
  });

  it.each<{ what: string; metadata: JsonObject; rule: string; says: string }>([
    { what: "eleven levels of objects", metadata: ofDepth(11), rule: "metadata.depth", says: "11 levels" },
    { what: "eleven levels of arrays", metadata: ofDepth(11, (value) => [value]), rule: "metadata.depth", says: "11 levels" },
    { what: "a name too long", metadata: { ["n".repeat(101)]: 1 }, rule: "metadata.key_length", says: "101 characters" },
    {
      what: "a name too long inside an array",
      metadata: { a: [{ ["n".repeat(101)]: 1 }] },
      rule: "metadata.key_length",
      says: "101",
    },
    { what: "a byte too much", metadata: ofBytes(limits.metadataBytesMax + 1), rule: "metadata.size", says: "65537 bytes" },
    {
      what: "bytes rather than characters too much",
      metadata: { a: "é".repeat(33_000) },
      rule: "metadata.size",
      says: "66008 bytes",
    },
  ])("may not have $what", ({ metadata, rule, says }) => {
    expect(checkMetadata("metadata", metadata)).toEqual([
      { field: "metadata", rule, description: expect.stringContaining(says) },
    ]);
  });

  it("has all its faults named at once", () => {
    const metadata = { ["n".repeat(200)]: ofDepth(20), ...ofBytes(limits.metadataBytesMax) };
    expect(checkMetadata("metadata", metadata).map((violation) => violation.rule)).toEqual([
      "metadata.depth",
      "metadata.key_length",
      "metadata.size",
    ]);
  });
});
