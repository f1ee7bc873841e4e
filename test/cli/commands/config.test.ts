import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CommandContext } from "../../../src/cli/command-context.ts";
import { runCommandLine } from "../../../src/cli/command-line.ts";

let directory: string;
let file: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-config-"));
  file = join(directory, "memory.yaml");
  await writeFile(file, "log_level: warn\nquery_cache_mb: 8\nalert_checks: 3\n");
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function config(args: readonly string[], environment: Record<string, string> = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const signal = new AbortController().signal;
  const context: CommandContext = { stdin: Readable.from([]), stdout, stderr, environment, signal, exitCode: 0 };
  await runCommandLine(["config", ...args], context, () => {});
  return { exitCode: context.exitCode, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

test("prints each setting with its value and where that came from, and no secret", async () => {
  const environment = {
    LLMEMORY_CONFIG_FILE: file,
    AWORD_EMBEDDING_API_KEY: "hunter2",
    DATABASE_URL: "postgresql://ada:hunter2@127.0.0.1/memory",
    LLMEMORY_QUERY_CACHE_MB: "32",
    LLMEMORY_SHEMA: "hunter2",
  };
  const { exitCode, stdout, stderr } = await config(["--schema", "other"], environment);
  expect(exitCode).toBe(0);
  const rows = new Map(stdout.split("\n").map((line) => [line.split(" ")[0], line.split(/ {2,}/).slice(1)]));
  expect(rows.get("LLMEMORY_LOG_LEVEL")).toEqual(["warn", `${file}: log_level`]);
  expect(rows.get("LLMEMORY_QUERY_CACHE_MB")).toEqual(["32", "LLMEMORY_QUERY_CACHE_MB"]);
  expect(rows.get("LLMEMORY_EMBEDDING_API_KEY")).toEqual(["***", "AWORD_EMBEDDING_API_KEY"]);
  expect(rows.get("LLMEMORY_DATABASE_URL")).toEqual(["postgresql://ada:***@127.0.0.1/memory", "DATABASE_URL"]);
  expect(rows.get("LLMEMORY_SCHEMA")).toEqual(["other", "--schema"]);
  expect(rows.get("LLMEMORY_ALERT_CHECKS")).toEqual(["3", `${file}: alert_checks`]);
  expect(rows.get("LLMEMORY_DATA_DIR")).toEqual(["./data", "default"]);
  expect(rows.get("LLMEMORY_CHAT_MODEL")).toEqual(["not set"]);
  expect(stderr).toBe("LLMEMORY_SHEMA is no setting; did you mean LLMEMORY_SCHEMA?\n");
  expect(stdout + stderr).not.toContain("hunter2");
});

test("prints the same as JSON", async () => {
  const { stdout, stderr } = await config(["--json", "--config", file], { LLMEMORY_CONFIG_FILE: "/none", AWORD_RRF_K: "60" });
  expect(stderr).toBe("");
  const { settings, warnings } = JSON.parse(stdout);
  expect(settings).toContainEqual({ variable: "LLMEMORY_QUERY_CACHE_MB", value: "8", source: `${file}: query_cache_mb` });
  expect(settings).toContainEqual({ variable: "LLMEMORY_CHAT_MODEL", value: null, source: null });
  expect(warnings).toEqual([expect.stringMatching(/^AWORD_RRF_K has no effect: /)]);
});

test("ends with 2 and every problem if the service could not start", async () => {
  const broken = join(directory, "broken.yaml");
  await writeFile(broken, "colour: blue\nlog_level: loud\n");
  const { exitCode, stdout, stderr } = await config(["--config", broken], { LLMEMORY_SCHEMA: "public" });
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain(`${broken}: colour is no setting`);
  expect(stderr).toContain(`${broken}: log_level is "loud"`);
  expect(stderr).toContain('LLMEMORY_SCHEMA is "public"');
});
