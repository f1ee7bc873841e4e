import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { checkEndpoint } from "../../src/embedding/check-endpoint.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { type EmbeddingServer, embedInto, sendVectors, startEmbeddingServer } from "../support/embedding-server.ts";
import { failWith } from "../support/endpoint-server.ts";
import { openTestEmbedder } from "../support/openai-embedders.ts";

let server: EmbeddingServer;
const logLines: string[] = [];
const logger = pino({ level: "trace" }, { write: (line: string) => logLines.push(line) });

beforeAll(async () => {
  server = await startEmbeddingServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
  logLines.length = 0;
});

async function withEmbedder(run: (embedder: EmbeddingProvider) => Promise<void>): Promise<void> {
  const embedder = await openTestEmbedder(server.baseUrl);
  try {
    await run(embedder);
  } finally {
    await embedder.close();
  }
}

describe("looking at an endpoint at start", () => {
  it("finds nothing to say of one that works", async () => {
    server.behave(embedInto(2));
    await withEmbedder((embedder) => checkEndpoint(embedder, logger));
    expect(server.requests).toHaveLength(1);
    expect(logLines).toEqual([]);
  });

  it("refuses one whose vectors are of another dimension, with the way out", async () => {
    server.behave(sendVectors([[1, 2, 3, 4]]));
    await withEmbedder(async (embedder) => {
      await expect(checkEndpoint(embedder, logger)).rejects.toThrow(StartupError);
      await expect(checkEndpoint(embedder, logger)).rejects.toThrow("set LLMEMORY_EMBEDDING_DIMENSION=4");
    });
  });

  it("lets the service start with one that does not work, and logs why, without the key", async () => {
    server.behave(failWith(401, { code: "invalid_api_key" }));
    await withEmbedder((embedder) => checkEndpoint(embedder, logger));
    expect(logLines).toHaveLength(1);
    expect(logLines[0]).toContain("HTTP status 401 (invalid_api_key)");
    expect(logLines[0]).toContain("openai/test-model");
    expect(logLines[0]).not.toMatch(/marjoram|probe/);
  });

  it("asks nothing of an embedder on this machine", async () => {
    await checkEndpoint({ ...createHashingEmbedder({ dimension: 8 }), embed: () => Promise.reject(new Error("asked")) }, logger);
  });
});
