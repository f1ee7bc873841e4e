import type { WordPieceTokenizer } from "../chunking/wordpiece-tokenizer.ts";
import type { EmbeddingModelSpec, EmbeddingSettings } from "./embedding-model-spec.ts";
import type { EmbeddingProvider, OnTruncated } from "./embedding-provider.ts";
import { createHashingEmbedder } from "./hashing-embedder.ts";
import { createLocalEmbedder } from "./local-embedder.ts";
import { createOpenAiEmbedder } from "./openai-embedder.ts";

/** As long as the local model's vectors, so that what is measured with either costs the same. */
const hashingDimensionDefault = 384;

export interface EmbeddingProviderOptions {
  /** From `modelSpecOf(settings)`, or any other: several providers may be open at once. */
  readonly model: EmbeddingModelSpec;
  readonly settings: EmbeddingSettings;
  /** The local model's, from `loadModelTokenizer`, to share it with chunking; undefined: loaded when it is needed. */
  readonly tokenizer?: WordPieceTokenizer | undefined;
  readonly onTruncated: OnTruncated;
}

/**
 * The provider that is asked for. Never another one: a fallback would mix vectors of two models. The local model is loaded when this
 * returns; an endpoint has not been asked yet, so one that is down does not keep the service from starting.
 *
 * @throws StartupError for a model that cannot be opened so: missing files, an unknown model without a dimension, an unreadable key file.
 */
export async function createEmbeddingProvider(options: EmbeddingProviderOptions): Promise<EmbeddingProvider> {
  const { model, settings, tokenizer, onTruncated } = options;
  switch (model.provider) {
    case "hashing":
      return createHashingEmbedder({ dimension: model.dimension ?? hashingDimensionDefault });
    case "local":
      return await createLocalEmbedder({
        workers: settings.embeddingWorkers,
        modelDirectory: settings.modelDirectory,
        tokenizer,
        onTruncated,
      });
    case "openai":
      return await createOpenAiEmbedder({ model, settings, onTruncated });
  }
}
