import { copyFile, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { createLocalEmbedder } from "../../src/embedding/local-embedder.ts";
import { loadModelTokenizer, packagedModelDirectory } from "../../src/embedding/model-files.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-model-"));
  await copyFile(join(packagedModelDirectory, "manifest.json"), join(directory, "manifest.json"));
  for (const fileName of ["model.onnx", "tokenizer.json"]) {
    await symlink(join(packagedModelDirectory, fileName), join(directory, fileName));
  }
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const create = () => createLocalEmbedder({ workers: 1, modelDirectory: directory, onTruncated: () => {} });

describe("model files", () => {
  it.each([
    { fileName: "model.onnx", sha256: "7d9092cb25f2bd1c023b7e8d2aa459044a02030ac880e5a59fdaf27af69f1ded" },
    { fileName: "tokenizer.json", sha256: "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66" },
  ])("refuses to start with a changed $fileName, naming both checksums", async ({ fileName, sha256 }) => {
    const path = join(directory, fileName);
    await rm(path);
    await writeFile(path, "not a model");
    const error = await create().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StartupError);
    const actual = "708811ccb1510c6d6c6e6379ef09be39bdbb0e7edcf44fefcca21c6228ee6d89";
    expect(String(error)).toContain(`${path} is corrupt: expected sha256 ${sha256}, actual ${actual}; reinstall`);
  });

  it.each(["model.onnx", "tokenizer.json", "manifest.json"])("refuses to start without %s, naming it", async (fileName) => {
    const path = join(directory, fileName);
    await rm(path);
    const error = await create().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StartupError);
    expect(String(error)).toMatch(/missing.*reinstall/);
    expect(String(error)).toContain(path);
  });

  it.each([
    "{",
    "[]",
    `{"name":"x"}`,
    `{"name":"x","dimension":384,"positionsMax":0,"documentPrefix":"","queryPrefix":"","files":{}}`,
  ])("refuses a manifest of %s", async (text) => {
    await writeFile(join(directory, "manifest.json"), text);
    await expect(loadModelTokenizer(directory)).rejects.toThrow(StartupError);
  });

  it("refuses a model that the checksum accepts and the runtime does not", async () => {
    const path = join(directory, "model.onnx");
    await rm(path);
    await writeFile(path, "not a model");
    const manifest = {
      name: "broken",
      dimension: 384,
      positionsMax: 512,
      documentPrefix: "",
      queryPrefix: "",
      files: {
        "model.onnx": { sha256: "708811ccb1510c6d6c6e6379ef09be39bdbb0e7edcf44fefcca21c6228ee6d89" },
        "tokenizer.json": { sha256: "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66" },
      },
    };
    await writeFile(join(directory, "manifest.json"), JSON.stringify(manifest));
    const error = await create().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StartupError);
    expect(String(error)).toContain(`${path} cannot be loaded`);
  });
});
