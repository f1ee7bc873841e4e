import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import packageFile from "../../package.json" with { type: "json" };
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { outputOf } from "../support/run-to-end.ts";
import { startService } from "../support/service.ts";

let directory: string;
/** Finds the Node that the package brings before the system's, as npm scripts and npx do. */
let environment: { readonly PATH: string };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-package-"));
  environment = { PATH: `${join(directory, "node_modules/.bin")}:${process.env.PATH}` };
  await outputOf("npm", ["pack", "--loglevel=error", "--pack-destination", directory], { cwd: repositoryDirectory });
  const tarball = (await readdir(directory)).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  await writeFile(join(directory, "package.json"), JSON.stringify({ name: "user", private: true }));
  await outputOf("npm", ["install", "--no-audit", "--no-fund", `./${tarball}`], {
    cwd: directory,
    // Without it, onnxruntime-node downloads GPU libraries from another host.
    environment: { ...withoutNpmSettings(), ONNXRUNTIME_NODE_INSTALL: "skip" },
  });
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("the installed package tells its version", async () => {
  const output = await outputOf(join(directory, "node_modules/.bin/llmemory"), ["--version"], { cwd: directory, environment });
  expect(output.trim()).toBe(packageFile.version);
});

test("the installed package brings its own Node", async () => {
  const output = await outputOf(join(directory, "node_modules/.bin/node"), ["--version"]);
  expect(output.trim()).toBe(`v${packageFile.dependencies.node}`);
});

test("the installed package serves with the local model and finds what was added", async () => {
  await using service = await startService({
    command: [join(directory, "node_modules/.bin/llmemory")],
    environment: { ...environment, LLMEMORY_EMBEDDING_PROVIDER: "local" },
  });
  await call(service.httpAddress, "MemoryService/AddDocument", {
    ownerId: "alice",
    idAtOrigin: "notes/coffee",
    content: "Alice drinks her coffee black.",
    waitUntil: "WAIT_UNTIL_SEARCHABLE",
  });
  const found = await call(service.httpAddress, "SearchService/Search", {
    ownerId: "alice",
    queryText: "Which hot drink does she like?",
  });
  expect(found).toMatchObject({ results: [{ idAtOrigin: "notes/coffee", content: "Alice drinks her coffee black." }] });
  expect(await service.stop()).toBe(0);
});

async function call(httpAddress: string, method: string, request: unknown): Promise<unknown> {
  const response = await fetch(`http://${httpAddress}/llmemory.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const reply: unknown = await response.json();
  expect(response.status, JSON.stringify(reply)).toBe(200);
  return reply;
}

/** Takes away what `npm run` hands on of this repository's settings, which a user does not have. */
function withoutNpmSettings(): Readonly<Record<string, undefined>> {
  const names = Object.keys(process.env).filter((name) => name.startsWith("npm_"));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
