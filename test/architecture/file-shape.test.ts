import { describe, expect, test } from "vitest";
import { linesMax, longFiles, unusualNames, vagueNames } from "./file-shape.ts";
import { sourceFiles } from "./source-files.ts";

const files = ["src", "test", "scripts", "bench"].flatMap(sourceFiles);
const paths = files.map((file) => file.path);

test("no file is longer than one concept needs", () => {
  expect(longFiles(files)).toEqual([]);
});

test("files are named after concepts, in kebab-case", () => {
  expect([...vagueNames(paths), ...unusualNames(paths)]).toEqual([]);
});

describe("the check itself", () => {
  test("refuses one line too many", () => {
    const text = "line\n".repeat(linesMax);
    expect(longFiles([{ path: "src/a.ts", text }])).toEqual([]);
    expect(longFiles([{ path: "src/a.ts", text: `${text}line\n` }])).toHaveLength(1);
  });

  test.each(["src/utils/a.ts", "src/storage/helpers.ts", "src/common/b.ts", "src/storage/index.ts"])(
    "refuses the name %s",
    (path) => {
      expect(vagueNames([path])).toHaveLength(1);
    },
  );

  test.each(["src/storage/chunkRows.ts", "src/Storage/rows.ts", "src/storage/chunk_rows.ts"])(
    "refuses the spelling %s",
    (path) => {
      expect(unusualNames([path])).toHaveLength(1);
    },
  );

  test("accepts test/storage/chunk-rows.concurrency.test.ts", () => {
    const path = "test/storage/chunk-rows.concurrency.test.ts";
    expect([...vagueNames([path]), ...unusualNames([path])]).toEqual([]);
  });
});
