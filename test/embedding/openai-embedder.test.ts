import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CancelledError, LimitExceededError, StartupError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { EmbeddingUnavailableError } from "../../src/embedding/embedding-failure.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import {
  type EmbeddingServer,
  embeddingFaults,
  embedInto,
  inTurn,
  refuse,
  sendVectors,
  startEmbeddingServer,
} from "../support/embedding-server.ts";
import { failWith, hang, sendJson } from "../support/endpoint-server.ts";
import { embeddingApiKey, openTestEmbedder } from "../support/openai-embedders.ts";

const never = new AbortController().signal;

let server: EmbeddingServer;
const opened: EmbeddingProvider[] = [];

beforeAll(async () => {
  server = await startEmbeddingServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
  server.behave(embedInto(2));
});
afterEach(async () => {
  for (const embedder of opened.splice(0)) await embedder.close();
});

async function open(changes: Parameters<typeof openTestEmbedder>[1] = {}): Promise<EmbeddingProvider> {
  const embedder = await openTestEmbedder(server.baseUrl, changes);
  opened.push(embedder);
  return embedder;
}

function inputs(): readonly (readonly string[])[] {
  return server.requests.map(({ body }) => body.input);
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("an embedder behind an endpoint", () => {
  it("sends texts with their prefix, the model's name and the key, and asks for base64 and no dimension", async () => {
    const embedder = await open({ spec: { documentPrefix: "passage: ", queryPrefix: "query: " } });
    await embedder.embed(["a", "b"], "document", never);
    await embedder.embed(["c"], "query", never);
    expect(server.requests).toEqual([
      {
        url: "/v1/embeddings",
        authorization: `Bearer ${embeddingApiKey}`,
        body: { model: "test-model", input: ["passage: a", "passage: b"], encoding_format: "base64" },
      },
      expect.objectContaining({ body: { model: "test-model", input: ["query: c"], encoding_format: "base64" } }),
    ]);
  });

  it("asks for shorter vectors where that is wanted", async () => {
    server.behave(embedInto(3_072));
    const embedder = await open({ spec: { name: "text-embedding-3-large", dimension: 8 } });
    const [vector] = await embedder.embed(["a"], "document", never);
    expect(vector).toHaveLength(8);
    expect(server.requests[0]?.body.dimensions).toBe(8);
    expect(embedder.model.modelId).toBe("openai/text-embedding-3-large@8");
  });

  it("gives unit vectors in the order of the texts, in whatever order and form they come", async () => {
    const data = [
      { index: 1, embedding: [0, -5] },
      { index: 0, embedding: [3, 4] },
    ];
    server.behave(sendJson(200, { data }));
    const embedder = await open();
    const vectors = await embedder.embed(["a", "b"], "document", never);
    expect(vectors).toEqual([Float32Array.of(0.6, 0.8), Float32Array.of(0, -1)]);
    expect(vectors.every((vector) => vector instanceof Float32Array)).toBe(true);
  });

  it("asks an endpoint that knows no base64 for decimals, and remembers that", async () => {
    server.behave((request, response) =>
      (request.body.encoding_format === "base64" ? failWith(422) : embedInto(2))(request, response),
    );
    const embedder = await open();
    for (const text of ["a", "b"]) expect(await embedder.embed([text], "document", never)).toHaveLength(1);
    expect(server.requests.map(({ body }) => body.encoding_format)).toEqual(["base64", "float", "float"]);
  });

  it("divides texts into requests of so many texts and tokens", async () => {
    const embedder = await open({ settings: { embeddingBatchSize: 3 } });
    const texts = ["a", "b", "c", "d", "e", "f", "g"];
    expect(await embedder.embed(texts, "document", never)).toHaveLength(7);
    expect(inputs().map((input) => input.length)).toEqual([3, 3, 1]);
    server.requests.length = 0;
    const small = await open({ settings: { embeddingBatchTokens: 512 } });
    expect(await small.embed(["x".repeat(900), "y".repeat(700), "z"], "document", never)).toHaveLength(3);
    expect(inputs().map((input) => input.length)).toEqual([1, 2]);
  });

  it("sends nothing for no texts", async () => {
    expect(await (await open()).embed([], "document", never)).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });

  it.each(embeddingFaults)("fails, without text or key, where the endpoint $what", async ({ behaviour, failure }) => {
    server.behave(behaviour);
    const embedder = await open();
    const error = await failureOf(embedder.embed(["a parsley bed"], "query", never));
    expect(error).toBeInstanceOf(EmbeddingUnavailableError);
    expect(error).toMatchObject({ failure, reason: "DEPENDENCY_UNAVAILABLE", dependency: "embeddings" });
    expect(JSON.stringify([String((error as Error).stack), { ...(error as Error) }])).not.toMatch(/parsley|marjoram/);
    expect((error as Error).cause).toBeUndefined();
  });

  it("says what to do about a wrong dimension, and does not ask again for that", async () => {
    server.behave(sendVectors([[1, 0, 0]]));
    const error = await failureOf((await open()).embed(["a"], "document", never));
    expect(String(error)).toContain("have 3 components, not 2; set LLMEMORY_EMBEDDING_DIMENSION=3");
    expect(server.requests).toHaveLength(1);
  });

  it("embeds as much of a text as the endpoint takes, and counts that", async () => {
    let truncated = 0;
    const embedder = await open({
      spec: { documentPrefix: "d: ", queryPrefix: "q: ", inputTokensMax: 32 },
      onTruncated: (count) => {
        truncated += count;
      },
    });
    await embedder.embed(["short"], "document", never);
    server.requests.length = 0;
    server.behave(refuse((text) => text.length > 60, embedInto(2)));
    expect(await embedder.embed(["long ".repeat(40)], "document", never)).toHaveLength(1);
    expect(inputs().map(([text]) => [text?.slice(0, 8), text?.length])).toEqual([
      ["d: long ", 203],
      ["d: long ", 101],
      ["d: long ", 50],
    ]);
    expect(await embedder.embed(["long ".repeat(20)], "query", never)).toHaveLength(1);
    expect(truncated).toBe(2);
  });

  it("gives up a text that is refused though it is short enough", async () => {
    const embedder = await open({ spec: { inputTokensMax: 32 } });
    await embedder.embed(["fine"], "document", never);
    server.requests.length = 0;
    server.behave(refuse((text) => text.startsWith("poison"), embedInto(2)));
    expect(await failureOf(embedder.embed(["poison ".repeat(10)], "document", never))).toMatchObject({ failure: "refused" });
    expect(inputs().map(([text]) => text?.length)).toEqual([70, 35, 32]);
    expect(await failureOf(embedder.embed(["fine", "poison"], "document", never))).toMatchObject({ failure: "refused" });
    expect(server.requests).toHaveLength(4);
  });

  it("ends a call whose caller has gone", async () => {
    server.behave(hang);
    const embedder = await open();
    const caller = new AbortController();
    const call = failureOf(embedder.embed(["a"], "document", caller.signal));
    await expect.poll(() => server.requests.length).toBe(1);
    caller.abort();
    expect(await call).toBeInstanceOf(CancelledError);
    expect(await failureOf(embedder.embed(["a"], "document", caller.signal))).toBeInstanceOf(CancelledError);
    expect(server.requests).toHaveLength(1);
  });

  it("ends its calls when it is closed, and takes no more", async () => {
    server.behave(hang);
    const embedder = await open();
    const call = failureOf(embedder.embed(["a"], "document", never));
    await expect.poll(() => server.requests.length).toBe(1);
    await embedder.close();
    expect(await call).toMatchObject({ failure: "closed" });
    expect(await failureOf(embedder.embed(["a"], "query", never))).toMatchObject({ failure: "closed" });
    await embedder.close();
  });

  it("takes so many queries at once and no more", async () => {
    const embedder = await open();
    const queries = Array.from({ length: limits.endpointQueriesMax + 1 }, () => "q");
    expect(await failureOf(embedder.embed(queries, "query", never))).toBeInstanceOf(LimitExceededError);
    expect(server.requests).toHaveLength(0);
  });

  it("knows how long ago the endpoint last answered", async () => {
    const embedder = await open();
    expect(embedder.lastAnswerAgeMs?.()).toBe(Number.POSITIVE_INFINITY);
    server.behave(inTurn(embedInto(2), failWith(401)));
    await embedder.embed(["a"], "query", never);
    const ageMs = embedder.lastAnswerAgeMs?.();
    expect(ageMs).toBeLessThan(10_000);
    await failureOf(embedder.embed(["a"], "query", never));
    expect(embedder.lastAnswerAgeMs?.()).toBeGreaterThanOrEqual(ageMs ?? Number.NaN);
  });
});

describe("the key of an endpoint", () => {
  it("may be in a file", async () => {
    const directory = await mkdtemp(join(tmpdir(), "llmemory-key-"));
    try {
      const embeddingApiKeyFile = join(directory, "key");
      await writeFile(embeddingApiKeyFile, "sk-of-a-file\n");
      const embedder = await open({ settings: { embeddingApiKey: undefined, embeddingApiKeyFile } });
      await embedder.embed(["a"], "query", never);
      expect(server.requests[0]?.authorization).toBe("Bearer sk-of-a-file");
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it("goes to the address of the settings and nowhere else, and OpenAI's to OpenAI alone", async () => {
    const settings = { embeddingBaseUrl: "http://127.0.0.1:1/v1", openaiApiKey: "sk-of-openai" };
    const elsewhere = await open({ spec: { baseUrl: server.baseUrl }, settings });
    await elsewhere.embed(["a"], "query", never);
    const keyless = await open({ settings: { embeddingApiKey: undefined, openaiApiKey: "sk-of-openai" } });
    await keyless.embed(["a"], "query", never);
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  });

  it("is asked for where OpenAI itself is used", async () => {
    const settings = { embeddingBaseUrl: "https://api.openai.com/v1", embeddingApiKey: undefined };
    await expect(open({ settings })).rejects.toThrow(StartupError);
    await expect(open({ settings })).rejects.toThrow("OPENAI_API_KEY");
    await open({ settings: { ...settings, openaiApiKey: "sk-of-openai" } });
  });
});
