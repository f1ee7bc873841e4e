import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, matchesGlob } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { runLlmemory } from "../support/run-llmemory.ts";

interface Line {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly [fact: string]: unknown;
}

let directory: string;
let names: readonly string[];
let lines: readonly Line[];

/** A process of llmemory that has something to warn of: slow statements, with plans, and a misspelt variable. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-logs-"));
  const logs = join(directory, "logs");
  const { exitCode, stderr } = await runLlmemory(["migrate"], {
    LLMEMORY_DATA_DIR: join(directory, "data"),
    LLMEMORY_LOG_DIRECTORY: logs,
    LLMEMORY_SLOW_QUERY_MS: "1",
    AWORD_SHEMA: "hunter2",
  });
  expect(exitCode, stderr).toBe(0);
  names = await readdir(logs);
  const texts = await Promise.all(names.map((name) => readFile(join(logs, name), "utf8")));
  lines = texts.flatMap((text) => text.trimEnd().split("\n")).map((line): Line => JSON.parse(line));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function example(name: string) {
  return parse(await readFile(join(repositoryDirectory, "deploy/logging", name), "utf8"));
}

/** Whether the glob of an example, which is for another directory, would find the files. */
function expectFound(glob: string): void {
  for (const name of names) expect(matchesGlob(`/var/log/llmemory/${name}`, glob), `${name} in ${glob}`).toBe(true);
}

test("a process logs JSON objects with level, time and message, and warns once of what it does not know", () => {
  expect(names.length).toBeGreaterThan(0);
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) {
    expect(["trace", "debug", "info", "warn", "error"]).toContain(line.level);
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(line.msg).not.toBe("");
  }
  expect(lines.filter(({ msg }) => msg.startsWith("AWORD_SHEMA is no setting"))).toHaveLength(1);
  expect(lines.filter(({ msg }) => msg === "slow database statement").length).toBeGreaterThan(0);
  expect(JSON.stringify(lines)).not.toContain("hunter2");
});

test("Filebeat finds the files, the message and the time, whose layout is that of Go's reference time", async () => {
  const { "filebeat.inputs": inputs, processors } = await example("filebeat.yaml");
  for (const path of inputs[0].paths) expectFound(path);
  const { ndjson } = inputs[0].parsers[0];
  const { timestamp } = processors.find((processor: object) => "timestamp" in processor);
  const layout = new RegExp(`^${timestamp.layouts[0].replace(/[.]/g, "\\.").replace(/\d/g, "\\d")}$`);
  for (const line of lines) {
    expect(line[ndjson.message_key]).toBe(line.msg);
    expect(line[timestamp.field]).toMatch(layout);
  }
});

test("Fluent Bit finds the files and the time, whose format is that of strptime", async () => {
  const { parsers, pipeline } = await example("fluent-bit.yaml");
  const [input] = pipeline.inputs;
  expectFound(input.path);
  const parser = parsers.find(({ name }: { readonly name: string }) => name === input.parser);
  expect(parser.format).toBe("json");
  const parts: Readonly<Record<string, string>> = { Y: "\\d{4}", L: "\\d{3}", z: "(Z|[+-]\\d{4})" };
  const format = parser.time_format
    .replace(/[.]/g, "\\.")
    .replace(/%(\w)/g, (_: string, part: string) => parts[part] ?? "\\d\\d");
  for (const line of lines) expect(line[parser.time_key]).toMatch(new RegExp(`^${format}$`));
});

test("Vector finds the files, and its program reads keys that every line has", async () => {
  const { sources, transforms } = await example("vector.yaml");
  for (const path of sources.llmemory.include) expectFound(path);
  const { source } = transforms.llmemory_lines;
  // "%+" is RFC 3339.
  expect(source).toContain('parse_timestamp!(.time, "%+")');
  expect(source).toContain("del(.msg)");
  for (const line of lines) expect([Number.isNaN(Date.parse(line.time)), typeof line.msg]).toEqual([false, "string"]);
});
