import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runToEnd } from "../support/run-to-end.ts";

const module = fileURLToPath(new URL("../../src/observability/logger.ts", import.meta.url));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-logs-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function log(settings: object, statements: string) {
  const program = `
    const { createLogger } = await import(${JSON.stringify(module)});
    const logger = createLogger(${JSON.stringify({ logLevel: "warn", logFileMb: 1, logFilesMax: 2, ...settings })});
    logger.info("not shown");
    logger.warn({ owner_id: "owner" }, "shown");
    ${statements}`;
  return await runToEnd(process.execPath, ["--input-type=module", "--eval", program]);
}

function parse(lines: string): unknown[] {
  return lines
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

const shown = { level: "warn", time: expect.stringMatching(/^\d{4}-.*Z$/), owner_id: "owner", msg: "shown" };

test("logs are JSON lines on stderr from the given level on, and stdout stays empty", async () => {
  const { stdout, stderr } = await log({}, "");
  expect(stdout).toBe("");
  expect(parse(stderr)).toEqual([shown]);
});

test("logs are the same lines in a file if there is a directory for them, even if the process dies", async () => {
  const folder = join(directory, "logs");
  const { stdout, stderr } = await log({ logDirectory: folder }, 'process.kill(process.pid, "SIGKILL");');
  expect([stdout, stderr]).toEqual(["", ""]);
  const [file = "", ...others] = await readdir(folder);
  expect(others).toEqual([]);
  expect(file).toMatch(/^llmemory-\d{4}-\d\d-\d\d-1\.log$/);
  expect(parse(await readFile(join(folder, file), "utf8"))).toEqual([shown]);
});

test("lines that cannot be written to the directory any more go to stderr, after one that says so", async () => {
  const folder = join(directory, "lost");
  const { stdout, stderr } = await log(
    { logDirectory: folder, logFileMb: 0 },
    `const { rmSync } = await import("node:fs");
     rmSync(${JSON.stringify(folder)}, { recursive: true });
     logger.warn("second");
     logger.warn("third");`,
  );
  expect(stdout).toBe("");
  expect(parse(stderr)).toEqual([
    { level: "error", time: expect.any(String), msg: expect.stringMatching(/cannot be written.*ENOENT/) },
    expect.objectContaining({ msg: "second" }),
    expect.objectContaining({ msg: "third" }),
  ]);
});

test("a directory that cannot be one is refused at start, with the setting's name", async () => {
  const file = join(directory, "file");
  await writeFile(file, "");
  const { exitCode, stderr } = await log({ logDirectory: file }, "");
  expect(exitCode).not.toBe(0);
  expect(stderr).toMatch(/StartupError.*LLMEMORY_LOG_DIRECTORY/);
});
