import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogFiles } from "../../src/observability/log-files.ts";

let directory: string;
let now: Date;
const opened: LogFiles[] = [];
const clock = { now: () => now };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-logs-"));
  now = new Date("2026-11-23T10:00:00Z");
});

afterEach(async () => {
  for (const files of opened.splice(0)) files.close();
  await rm(directory, { recursive: true });
});

function open(fileBytesMax = 1_000, filesMax = 3, folder = directory): LogFiles {
  const files = new LogFiles({ directory: folder, fileBytesMax, filesMax }, clock);
  opened.push(files);
  return files;
}

async function content(): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => name.startsWith("llmemory-")).toSorted();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), "utf8")])));
}

test("lines are in the day's file when write returns, and a day of UTC has a new one", async () => {
  const files = open();
  files.write("one\n");
  expect(await content()).toEqual({ "llmemory-2026-11-23-1.log": "one\n" });
  now = new Date("2026-11-23T23:59:59.999Z");
  files.write("two\n");
  now = new Date("2026-11-24T00:00:00Z");
  files.write("three\n");
  expect(await content()).toEqual({ "llmemory-2026-11-23-1.log": "one\ntwo\n", "llmemory-2026-11-24-1.log": "three\n" });
});

test("a file that is full is followed by the next, and a line is never cut", async () => {
  const files = open(8);
  for (const line of ["1234567\n", "a\n", "b\n", "longer than a file\n", "c\n"]) files.write(line);
  expect(Object.values(await content())).toEqual(["1234567\n", "a\nb\n", "longer than a file\n", "c\n"]);
});

test("the size of a file is that in bytes", async () => {
  const files = open(5);
  for (const line of ["ää\n", "b\n"]) files.write(line);
  expect(Object.values(await content())).toEqual(["ää\n", "b\n"]);
});

test("the oldest files are deleted, in the order of their numbers, and nothing else", async () => {
  await writeFile(join(directory, "notes.log"), "mine");
  const files = open(1, 2);
  for (let line = 1; line <= 11; line++) files.write(`${line}\n`);
  now = new Date("2026-11-24T00:00:00Z");
  files.write("12\n");
  expect(await content()).toEqual({
    "llmemory-2026-11-23-10.log": "10\n",
    "llmemory-2026-11-23-11.log": "11\n",
    "llmemory-2026-11-24-1.log": "12\n",
  });
  expect(await readdir(directory)).toContain("notes.log");
});

test("a process that starts again, or beside another, goes on in the latest file of the day", async () => {
  const first = open(4);
  for (const line of ["one\n", "two\n"]) first.write(line);
  const second = open(12);
  second.write("2b\n");
  first.write("x\n");
  expect(Object.values(await content())).toEqual(["one\n", "two\n2b\n", "x\n"]);
});

test("a directory that is missing is made", async () => {
  open(100, 1, join(directory, "deep", "logs")).write("one\n");
  expect(await readdir(join(directory, "deep", "logs"))).toEqual(["llmemory-2026-11-23-1.log"]);
});

test("what cannot be a directory is refused", async () => {
  const file = join(directory, "file");
  await writeFile(file, "");
  expect(() => open(100, 1, file)).toThrow(/EEXIST|ENOTDIR/);
  expect(() => open(100, 1, join(file, "below"))).toThrow(/ENOTDIR/);
});
