import { createEmbeddingProvider } from "../../src/embedding/create-embedding-provider.ts";
import type { EmbeddingModelSpec, EmbeddingSettings } from "../../src/embedding/embedding-model-spec.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";

/** Looked for in logs and errors. */
export const embeddingApiKey = "sk-test-marjoram";

/** Settings for an endpoint on loopback: short timeouts, no limits. */
export function embeddingSettings(baseUrl: string, changes: Partial<EmbeddingSettings> = {}): EmbeddingSettings {
  return {
    embeddingWorkers: 1,
    modelDirectory: undefined,
    embeddingBaseUrl: baseUrl,
    embeddingApiKey,
    embeddingApiKeyFile: undefined,
    openaiApiKey: undefined,
    embeddingRequestsPerMinute: undefined,
    embeddingTokensPerMinute: undefined,
    // Long enough for a loopback server on a busy machine, short enough to wait for.
    embeddingTimeoutMs: 700,
    embeddingBatchSize: 32,
    embeddingBatchTokens: 300_000,
    ...changes,
  };
}

/** A model of two components that nobody knows, unless the spec says otherwise. */
export async function openTestEmbedder(
  baseUrl: string,
  {
    spec = {},
    settings = {},
    onTruncated = () => {},
  }: {
    readonly spec?: Partial<EmbeddingModelSpec>;
    readonly settings?: Partial<EmbeddingSettings>;
    readonly onTruncated?: (count: number) => void;
  } = {},
): Promise<EmbeddingProvider> {
  return await createEmbeddingProvider({
    model: { provider: "openai", name: "test-model", dimension: 2, ...spec },
    settings: embeddingSettings(baseUrl, settings),
    onTruncated,
  });
}
