import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { readApiKey } from "../../src/endpoint/read-api-key.ts";

const fileVariable = "LLMEMORY_EMBEDDING_API_KEY_FILE";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-key-"));
});
afterAll(() => rm(directory, { recursive: true }));

it("takes the key of the settings, or none", async () => {
  expect(await readApiKey({ apiKey: "sk-1", apiKeyFile: undefined, fileVariable })).toBe("sk-1");
  expect(await readApiKey({ apiKey: undefined, apiKeyFile: undefined, fileVariable })).toBeUndefined();
});

it("takes the key of a file without the end of its line", async () => {
  const apiKeyFile = join(directory, "key");
  await writeFile(apiKeyFile, "sk-of-a-file\n");
  expect(await readApiKey({ apiKey: undefined, apiKeyFile, fileVariable })).toBe("sk-of-a-file");
});

it("names the setting and the file if there is no key in it", async () => {
  const apiKeyFile = join(directory, "empty");
  await writeFile(apiKeyFile, " \n");
  const read = (path: string) => readApiKey({ apiKey: undefined, apiKeyFile: path, fileVariable });
  await expect(read(apiKeyFile)).rejects.toThrow(`the file of ${fileVariable}, ${apiKeyFile}, is empty`);
  await expect(read(join(directory, "absent"))).rejects.toThrow(StartupError);
});
