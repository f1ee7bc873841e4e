import { describe, expect, it } from "vitest";
import { createEmbeddingProvider } from "../../src/embedding/create-embedding-provider.ts";
import { loadModelTokenizer } from "../../src/embedding/model-files.ts";

const signal = new AbortController().signal;

describe("embedding provider", () => {
  it.each([
    { provider: "local", modelId: "local/e5-small-v2", dimension: 384 },
    { provider: "hashing", modelId: "hashing/64", dimension: 64 },
  ] as const)("is $modelId when the settings ask for $provider in 64 components", async ({ provider, modelId, dimension }) => {
    const tokenizer = await loadModelTokenizer();
    const embedder = await createEmbeddingProvider({ provider, dimension: 64, workers: 1, tokenizer, onTruncated: () => {} });
    try {
      expect(embedder.model).toMatchObject({ modelId, provider, dimension });
      const [vector] = await embedder.embed(["text"], "query", signal);
      expect(vector).toHaveLength(dimension);
    } finally {
      await embedder.close();
    }
  });
});
