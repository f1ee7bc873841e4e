/**
 * Generates `gen/ts`, `gen/go` and `gen/python` from the protos, offline, with local plugins. With `--check` it fails if that
 * changed anything, which means that the committed code is stale.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { runProgram } from "./run-program.ts";
import { repositoryDirectory, requireToolchains } from "./toolchains.ts";

const generatedDirectory = join(repositoryDirectory, "gen");

/** What is generated; go.mod, pyproject.toml and the READMEs beside it are written by hand. */
const generatedParts = ["ts", "go/llmemory", "python/llmemory_client"];

requireToolchains();
const before = fingerprints();
for (const part of generatedParts) rmSync(join(generatedDirectory, part), { recursive: true, force: true });
await runProgram("buf", ["generate"], { cwd: repositoryDirectory });
await runProgram("buf", ["generate", "--template", "buf.gen.clients.yaml"], { cwd: repositoryDirectory });

if (process.argv.includes("--check")) {
  const after = fingerprints();
  const stale = [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
  if (stale.length > 0) {
    console.error(
      `generated code was stale, commit what "npm run generate" makes:\n${stale.map((path) => `  gen/${path}`).join("\n")}`,
    );
    process.exitCode = 1;
  } else {
    console.log(`generated code is current (${after.size} files)`);
  }
}

/** A hash per generated file, by path below `gen/`. */
function fingerprints(): Map<string, string> {
  const files = generatedParts.flatMap((part) => {
    try {
      return readdirSync(join(generatedDirectory, part), { recursive: true, withFileTypes: true });
    } catch {
      return [];
    }
  });
  const sources = files.filter((entry) => entry.isFile() && !entry.parentPath.endsWith("__pycache__"));
  return new Map(
    sources.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(generatedDirectory, path), createHash("sha256").update(readFileSync(path)).digest("hex")];
    }),
  );
}
