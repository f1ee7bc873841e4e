import { describe, expect, test } from "vitest";
import { layerViolations, strayStatements } from "./layers.ts";
import { importedModules, sourceFiles } from "./source-files.ts";

const files = sourceFiles("src");

test("source imports point inward only, and reserved modules stay in their layers", () => {
  expect(files.length).toBeGreaterThan(20);
  expect(layerViolations(files)).toEqual([]);
});

test("SQL is in storage alone", () => {
  expect(strayStatements(files)).toEqual([]);
});

describe("the check itself", () => {
  test.each([
    { path: "src/domain/a.ts", text: 'import { b } from "../storage/b.ts";', found: "domain must not know storage" },
    { path: "src/search/a.ts", text: 'import type { b } from "../documents/b.ts";', found: "search must not know documents" },
    {
      path: "src/storage/deep/a.ts",
      text: 'export { b } from "../../embedding/b.ts";',
      found: "storage must not know embedding",
    },
    { path: "src/config/a.ts", text: 'const b = await import("../cli/b.ts");', found: "config must not know cli" },
    { path: "src/chunking/a.ts", text: 'new Worker(new URL("../server/b.ts", import.meta.url));', found: "must not know server" },
    { path: "src/search/a.ts", text: 'import pg from "pg";', found: "only storage knows the database" },
    {
      path: "src/documents/a.ts",
      text: 'import { A } from "#gen/llmemory/v1/a_pb.js";',
      found: "protobuf types stay at the edge",
    },
    {
      path: "src/storage/a.ts",
      text: 'import { ConnectError } from "@connectrpc/connect";',
      found: "RPC types stay at the edge",
    },
    { path: "src/search/a.ts", text: 'import { A } from "@opentelemetry/sdk-trace";', found: "spans need the API alone" },
    { path: "src/utils/a.ts", text: "", found: "no known layer" },
    { path: "src/main.ts", text: "", found: "no known layer" },
  ])("refuses $text in $path", ({ path, text, found }) => {
    expect(layerViolations([{ path, text }])).toEqual([expect.stringContaining(found)]);
  });

  test.each([
    { path: "src/cli/a.ts", text: 'import { b } from "../domain/b.ts";\nimport packageFile from "../../package.json";' },
    { path: "src/storage/a.ts", text: 'import { b } from "./b.ts";\nimport pg from "pg";' },
    { path: "src/services/a.ts", text: 'import {\n  A,\n} from "#gen/llmemory/v1/a_pb.js";' },
  ])("accepts $text in $path", ({ path, text }) => {
    expect(layerViolations([{ path, text }])).toEqual([]);
  });

  test.each(["`select a\n  from b`", "'insert into a values (1)'", '"update a set b = 1"', "`with a as (select 1)`"])(
    "finds the SQL in %s outside storage",
    (text) => {
      expect(strayStatements([{ path: "src/search/a.ts", text }])).toHaveLength(1);
      expect(strayStatements([{ path: "src/storage/a.ts", text }])).toHaveLength(0);
    },
  );

  test("takes no sentence for SQL", () => {
    expect(strayStatements([{ path: "src/cli/a.ts", text: '"select a document with --id", "update available"' }])).toEqual([]);
  });

  test("sees every form of import", () => {
    const text =
      'import "a";\nimport b from "b";\nimport {\n  c,\n} from "c";\nexport * from "d";\nawait import("e");\nnew URL("./f.ts")';
    expect(importedModules(text).toSorted()).toEqual(["./f.ts", "a", "b", "c", "d", "e"]);
  });
});
