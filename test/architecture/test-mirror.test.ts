import { describe, expect, test } from "vitest";
import { sourceFiles } from "./source-files.ts";
import { mirrorViolations } from "./test-mirror.ts";

test("every test stands where its subject does, and every layer has tests", () => {
  const source = sourceFiles("src").map((file) => file.path);
  const tests = sourceFiles("test").map((file) => file.path);
  expect(mirrorViolations({ source, test: tests })).toEqual([]);
});

describe("the check itself", () => {
  const source = ["src/storage/rows.ts", "src/storage/pages/keyset.ts"];

  test.each([
    { path: "test/storage/row.test.ts", found: "tests neither" },
    { path: "test/storages/rows.test.ts", found: "mirrors no layer" },
  ])("refuses $path", ({ path, found }) => {
    const violations = mirrorViolations({ source, test: ["test/storage/rows.test.ts", path] });
    expect(violations).toEqual([expect.stringContaining(found)]);
  });

  test.each([
    "test/storage/rows.test.ts",
    "test/storage/rows.concurrency.test.ts",
    "test/storage/pages.test.ts",
    "test/storage/pages/keyset.test.ts",
  ])("accepts %s", (path) => {
    expect(mirrorViolations({ source, test: [path] })).toEqual([]);
  });

  test("misses the tests of a layer that has none", () => {
    expect(mirrorViolations({ source, test: [] })).toEqual(["src/storage has no test in test/storage"]);
  });
});
