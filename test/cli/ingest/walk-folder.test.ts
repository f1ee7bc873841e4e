import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ingestStreamId } from "../../../src/cli/ingest/stream-id.ts";
import { walkFolder } from "../../../src/cli/ingest/walk-folder.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "llmemory-walk-"));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

describe("walking a folder", () => {
  it("lists files with text by path, and counts what it leaves out", async () => {
    await write("b.md", "b/inner.txt", "a.txt", "LICENSE", "main.go", "photo.png", "noextension", ".hidden.md", ".git/config.md");
    await write("node_modules/x/README.md", "b/node_modules/y/README.md");
    await write("empty.txt");
    await writeFile(join(root, "empty.txt"), "");
    await symlink(root, join(root, "b", "circle"));
    await symlink(join(root, "a.txt"), join(root, "link.txt"));
    const { files, skipped } = await walk();
    expect(files.map(({ relativePath }) => relativePath)).toEqual(["LICENSE", "a.txt", "b.md", "b/inner.txt", "main.go"]);
    expect(skipped).toEqual({
      unknownKinds: new Map([
        [".png", 1],
        ["", 1],
      ]),
      empty: 1,
      hidden: 2,
      symbolicLinks: 2,
      nodeModules: 2,
      unreadable: [],
    });
  });

  it("takes node_modules if asked to", async () => {
    await write("node_modules/x/README.md");
    expect((await walkFolder(root, { includeNodeModules: true }, new AbortController().signal)).files).toHaveLength(1);
  });

  it("says which folder is missing", async () => {
    await expect(walkFolder(join(root, "none"), { includeNodeModules: false }, new AbortController().signal)).rejects.toThrow(
      "it does not exist",
    );
  });

  it("stops at the signal", async () => {
    await expect(walkFolder(root, { includeNodeModules: false }, AbortSignal.abort())).rejects.toThrow();
  });
});

describe("the stream of a folder", () => {
  beforeEach(() => write("a.txt", "b.txt"));

  it("has the same name as long as the listing is the same", async () => {
    expect(await streamId()).toBe(await streamId());
    expect(await streamId()).toMatch(/^cli-ingest-[0-9a-f]{64}$/);
  });

  it.each([
    ["a file is added", () => write("c.txt")],
    ["a file is removed", () => rm(join(root, "b.txt"))],
    ["a file becomes longer", () => writeFile(join(root, "a.txt"), "longer")],
    ["a file is touched", () => utimes(join(root, "a.txt"), new Date(0), new Date(0))],
    ["a file becomes readable", () => chmod(join(root, "a.txt"), 0o600)],
  ])("has another name when %s", async (_name, change) => {
    const before = await streamId();
    await change();
    expect(await streamId()).not.toBe(before);
  });

  it("has another name with other options", async () => {
    expect(await streamId({ prefix: "x" })).not.toBe(await streamId());
  });
});

async function streamId(options: object = {}): Promise<string> {
  return ingestStreamId({ root, files: (await walk()).files, options });
}

function walk() {
  return walkFolder(root, { includeNodeModules: false }, new AbortController().signal);
}

async function write(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), "text");
  }
}
