import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { lockDataDirectory } from "../../src/storage/data-directory-lock.ts";

let parent = "";
let directory = "";

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "llmemory-lock-"));
  directory = join(parent, "not", "there", "yet");
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe("the lock of a data directory", () => {
  it("is given again once it has been released", async () => {
    (await lockDataDirectory(directory)).release();
    (await lockDataDirectory(directory)).release();
  });

  it("is refused while it is held, and the message says what to do", async () => {
    const lock = await lockDataDirectory(directory);
    try {
      await expect(lockDataDirectory(directory)).rejects.toThrow(StartupError);
      await expect(lockDataDirectory(directory)).rejects.toThrow(`${directory} is in use by another llmemory process`);
      await expect(lockDataDirectory(directory)).rejects.toThrow("LLMEMORY_DATA_DIR");
    } finally {
      lock.release();
    }
  });

  it("is refused while another process holds it, and given once that was killed", async () => {
    const holder = await holdInAnotherProcess(directory);
    try {
      await expect(lockDataDirectory(directory)).rejects.toThrow("in use by another llmemory process");
    } finally {
      holder.kill("SIGKILL");
      await once(holder, "close");
    }
    (await lockDataDirectory(directory)).release();
  });

  it("says that the directory itself is at fault when it cannot be made", async () => {
    const file = join(parent, "file");
    await writeFile(file, "");
    await expect(lockDataDirectory(join(file, "data"))).rejects.toThrow(StartupError);
    await expect(lockDataDirectory(join(file, "data"))).rejects.toThrow(/cannot be used: .*LLMEMORY_DATA_DIR/);
  });
});

async function holdInAnotherProcess(dataDirectory: string): Promise<ChildProcess> {
  const module = new URL("../../src/storage/data-directory-lock.ts", import.meta.url).href;
  const program = `
    const { lockDataDirectory } = await import(${JSON.stringify(module)});
    globalThis.lock = await lockDataDirectory(${JSON.stringify(dataDirectory)});
    console.log("locked");
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
  const said = await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => ["it ended"])]);
  expect(String(said[0]).trim()).toBe("locked");
  return child;
}
