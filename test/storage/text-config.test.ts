import { describe, expect, it } from "vitest";
import { textConfigFor } from "../../src/storage/text-config.ts";
import { testDatabases } from "../support/databases.ts";
import { useStorage } from "../support/test-storage.ts";

describe("the text search configuration of a language", () => {
  it.each([
    ["en", "english"],
    ["en-US", "english"],
    ["EN-us", "english"],
    ["pt-BR", "portuguese"],
    ["nb", "norwegian"],
    ["sr-Latn-RS", "serbian"],
    ["ja", "simple"],
    ["und", "simple"],
    ["", "simple"],
    ["english", "simple"],
    ["constructor", "simple"],
  ])("of %j is %s", (language, config) => {
    expect(textConfigFor(language)).toBe(config);
  });
});

describe.each(testDatabases())("the text search configurations on $name", (kind) => {
  const storage = useStorage(kind);

  it("all exist", async () => {
    const { rows } = await storage().database.query<{ name: string }>("list_configs", "select cfgname as name from pg_ts_config");
    const there = new Set(rows.map((row) => row.name));
    const letters = Array.from("abcdefghijklmnopqrstuvwxyz");
    const used = letters.flatMap((first) => letters.map((second) => textConfigFor(first + second)));
    expect(new Set(used).size).toBeGreaterThan(25);
    expect(used.filter((config) => !there.has(config))).toEqual([]);
  });
});
