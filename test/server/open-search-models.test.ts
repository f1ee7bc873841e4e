import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { StartupError } from "../../src/domain/errors.ts";
import { expandQuery } from "../../src/search/expand-query.ts";
import { rerank } from "../../src/search/rerank.ts";
import { openSearchModels } from "../../src/server/open-search-models.ts";
import { answerWith, type ChatServer, startChatServer } from "../support/chat-server.ts";
import { type CrossEncoderDirectory, makeCrossEncoderDirectory } from "../support/cross-encoder-directory.ts";
import { searchModelDeps } from "../support/search-models.ts";

const never = new AbortController().signal;

let server: ChatServer;
let crossEncoder: CrossEncoderDirectory;
let directory: string;

beforeAll(async () => {
  server = await startChatServer();
  crossEncoder = await makeCrossEncoderDirectory();
  directory = await mkdtemp(join(tmpdir(), "llmemory-key-"));
});
afterAll(async () => {
  await server.close();
  await crossEncoder.remove();
  await rm(directory, { recursive: true });
});

function chatEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { LLMEMORY_CHAT_BASE_URL: server.baseUrl, LLMEMORY_CHAT_MODEL: "test-model", ...more };
}

async function askedWith(environment: Readonly<Record<string, string>>): Promise<string | undefined> {
  server.requests.length = 0;
  server.behave(answerWith({ queries: ["other words"] }));
  const { searchModels, close } = await openSearchModels(loadSettings(environment));
  const query = { queryText: "words", maxQueryVariants: 2, mode: "model" } as const;
  const expansion = await expandQuery(searchModelDeps(searchModels), query, never);
  expect(expansion).toEqual({ variants: ["words", "other words"], degraded: false });
  await close();
  return server.requests[0]?.authorization;
}

describe("the models of searches", () => {
  it("are none without settings", async () => {
    const { searchModels, close } = await openSearchModels(loadSettings({}));
    expect(searchModels).toEqual({ chat: undefined, crossEncoder: undefined });
    await close();
  });

  it("are a chat model with the key from the environment, from a file, or without one", async () => {
    const file = join(directory, "key");
    await writeFile(file, "sk-from-file\n");
    expect(await askedWith(chatEnvironment({ LLMEMORY_CHAT_API_KEY: "sk-from-environment" }))).toBe("Bearer sk-from-environment");
    expect(await askedWith(chatEnvironment({ LLMEMORY_CHAT_API_KEY_FILE: file }))).toBe("Bearer sk-from-file");
    expect(await askedWith(chatEnvironment())).toBeUndefined();
  });

  it("are a cross-encoder, named after its directory", async () => {
    const { searchModels, close } = await openSearchModels(loadSettings({ LLMEMORY_CROSS_ENCODER_DIR: crossEncoder.path }));
    const query = { queryText: "mill", mode: "cross_encoder", passages: [{ content: "mill", documentName: "" }] } as const;
    expect(await rerank(searchModelDeps(searchModels), query, never)).toMatchObject({ degraded: false });
    expect(searchModels.crossEncoder?.name).toBe(crossEncoder.path.split("/").at(-1));
    await close();
  });

  it.each([
    { what: "a key file that is not there", content: undefined, says: /LLMEMORY_CHAT_API_KEY_FILE, .*absent, cannot be read/ },
    { what: "an empty key file", content: " \n", says: /LLMEMORY_CHAT_API_KEY_FILE, .*empty, is empty/ },
  ])("keep the service from starting with $what", async ({ content, says }) => {
    const file = join(directory, content === undefined ? "absent" : "empty");
    if (content !== undefined) await writeFile(file, content);
    const settings = loadSettings(chatEnvironment({ LLMEMORY_CHAT_API_KEY_FILE: file }));
    const error: unknown = await openSearchModels(settings).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StartupError);
    expect(String(error)).toMatch(says);
  });

  it("keep the service from starting with a directory without a cross-encoder", async () => {
    const settings = loadSettings({ LLMEMORY_CROSS_ENCODER_DIR: directory });
    await expect(openSearchModels(settings)).rejects.toThrow(StartupError);
  });
});
