import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMetadataPath } from "../../src/domain/metadata-path.ts";

describe("a path into metadata", () => {
  it.each([
    { path: "author", names: ["author"] },
    { path: "a.b.c", names: ["a", "b", "c"] },
    { path: "a\\.b.c", names: ["a.b", "c"] },
    { path: "a\\\\.b", names: ["a\\", "b"] },
    { path: "\\.", names: ["."] },
    { path: "ünï 😀.0", names: ["ünï 😀", "0"] },
    { path: "'; drop table--", names: ["'; drop table--"] },
  ])("$path is $names", ({ path, names }) => {
    expect(parseMetadataPath(path)).toEqual(names);
  });

  it.each(["", ".", "a.", ".a", "a..b", "a\\", "a\\b", "\\n"])("is refused: %j", (path) => {
    expect(parseMetadataPath(path)).toBeUndefined();
  });

  it("can name any sequence of names that are not empty", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 }), (names) => {
        const path = names.map((name) => name.replaceAll("\\", "\\\\").replaceAll(".", "\\.")).join(".");
        expect(parseMetadataPath(path)).toEqual(names);
      }),
    );
  });
});
