import type { Settings } from "../config/settings.ts";
import type { EmbeddingProviderName } from "./embedding-provider.ts";

/**
 * Which model to open. The settings name the active one; a change of model opens a second one beside it. Whatever is undefined comes from
 * the model itself, the registry of known models or the settings.
 */
export interface EmbeddingModelSpec {
  readonly provider: EmbeddingProviderName;
  /** As the endpoint knows it. The local model has the name in its manifest, and hashing has none: undefined there. */
  readonly name?: string | undefined;
  /** Components of a vector: what an unknown model has, or what one that can be shortened is asked for. */
  readonly dimension?: number | undefined;
  /** Of the openai provider; undefined: that of the settings. The API key goes to the address of the settings and nowhere else. */
  readonly baseUrl?: string | undefined;
  readonly documentPrefix?: string | undefined;
  readonly queryPrefix?: string | undefined;
  /** Tokens that the model reads of one text, prefix included. */
  readonly inputTokensMax?: number | undefined;
}

/** What opening any model takes of the settings. */
export type EmbeddingSettings = Pick<
  Settings,
  | "embeddingWorkers"
  | "modelDirectory"
  | "embeddingBaseUrl"
  | "embeddingApiKey"
  | "embeddingApiKeyFile"
  | "openaiApiKey"
  | "embeddingRequestsPerMinute"
  | "embeddingTokensPerMinute"
  | "embeddingTimeoutMs"
  | "embeddingBatchSize"
  | "embeddingBatchTokens"
>;

/** The model that the settings name. */
export function modelSpecOf(settings: Settings): EmbeddingModelSpec {
  const { embeddingProvider: provider, embeddingDimension: dimension } = settings;
  switch (provider) {
    case "local":
      return { provider };
    case "hashing":
      return { provider, dimension };
    case "openai":
      return {
        provider,
        name: settings.embeddingModel,
        dimension,
        baseUrl: settings.embeddingBaseUrl,
        documentPrefix: settings.embeddingDocumentPrefix,
        queryPrefix: settings.embeddingQueryPrefix,
        inputTokensMax: settings.embeddingInputTokens,
      };
  }
}
