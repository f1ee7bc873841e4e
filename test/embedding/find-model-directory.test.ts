import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { findModelDirectory } from "../../src/embedding/find-model-directory.ts";
import { packagedModelDirectory } from "../../src/embedding/model-files.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmemory-models-"));
  await writeManifest("configured", "alpha");
  await writeManifest("beta", "beta");
  await writeManifest("gamma", "another");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeManifest(directory: string, name: string): Promise<void> {
  await mkdir(join(folder, directory));
  const files = { "model.onnx": { sha256: "" }, "tokenizer.json": { sha256: "" } };
  const manifest = { name, dimension: 8, positionsMax: 512, documentPrefix: "", queryPrefix: "", files };
  await writeFile(join(folder, directory, "manifest.json"), JSON.stringify(manifest));
}

it("finds a model in the configured directory, beside it, or with llmemory", async () => {
  const configured = join(folder, "configured");
  expect(await findModelDirectory("alpha", configured)).toBe(configured);
  expect(await findModelDirectory("beta", configured)).toBe(join(folder, "beta"));
  expect(await findModelDirectory("e5-small-v2", configured)).toBe(packagedModelDirectory);
  expect(await findModelDirectory("e5-small-v2", undefined)).toBe(packagedModelDirectory);
});

it.each(["gamma", "delta", "../beta", ""])("finds no model %j, and says where it looked", async (name) => {
  const finding = findModelDirectory(name, join(folder, "configured"));
  await expect(finding).rejects.toThrow(StartupError);
  await expect(finding).rejects.toThrow(/are in none of .*configured.*; put them into a directory of that name beside the one/);
});
