import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { createEmbeddingProvider } from "../../src/embedding/create-embedding-provider.ts";
import { modelSpecOf } from "../../src/embedding/embedding-model-spec.ts";
import { loadModelTokenizer } from "../../src/embedding/model-files.ts";
import { type EmbeddingServer, embedInto, startEmbeddingServer } from "../support/embedding-server.ts";

const signal = new AbortController().signal;

let server: EmbeddingServer;

beforeAll(async () => {
  server = await startEmbeddingServer();
  server.behave(embedInto(384));
});
afterAll(() => server.close());

describe("embedding provider", () => {
  it.each([
    { variables: {}, provider: "local", modelId: "local/e5-small-v2", dimension: 384 },
    { variables: {}, provider: "hashing", modelId: "hashing/384", dimension: 384 },
    { variables: { LLMEMORY_EMBEDDING_DIMENSION: "64" }, provider: "hashing", modelId: "hashing/64", dimension: 64 },
    {
      variables: { LLMEMORY_EMBEDDING_MODEL: "all-minilm" },
      provider: "openai",
      modelId: "openai/all-minilm",
      dimension: 384,
    },
  ] as const)(
    "is $modelId when the settings ask for $provider and $variables",
    async ({ variables, provider, modelId, dimension }) => {
      const settings = loadSettings({
        LLMEMORY_EMBEDDING_WORKERS: "1",
        LLMEMORY_EMBEDDING_BASE_URL: server.baseUrl,
        LLMEMORY_EMBEDDING_PROVIDER: provider,
        ...variables,
      });
      const tokenizer = await loadModelTokenizer();
      const embedder = await createEmbeddingProvider({
        model: modelSpecOf(settings),
        settings,
        tokenizer,
        onTruncated: () => {},
      });
      try {
        expect(embedder.model).toMatchObject({ modelId, provider, dimension });
        const [vector] = await embedder.embed(["text"], "query", signal);
        expect(vector).toHaveLength(dimension);
      } finally {
        await embedder.close();
      }
    },
  );
});
