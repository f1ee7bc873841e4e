import type { WordPieceTokenizer } from "../chunking/wordpiece-tokenizer.ts";
import type { EmbeddingProvider, EmbeddingProviderName, OnTruncated } from "./embedding-provider.ts";
import { createHashingEmbedder } from "./hashing-embedder.ts";
import { createLocalEmbedder } from "./local-embedder.ts";

export interface EmbeddingProviderOptions {
  readonly provider: EmbeddingProviderName;
  /** Components of the hashing provider's vectors; the local model has its own. */
  readonly dimension: number;
  /** Threads of the local model for documents, at least 1; one for queries comes on top. */
  readonly workers: number;
  /** Directory of the local model; undefined: the one that comes with llmemory. */
  readonly modelDirectory?: string | undefined;
  /** The local model's, from `loadModelTokenizer`, to share it with chunking; undefined: loaded when it is needed. */
  readonly tokenizer?: WordPieceTokenizer | undefined;
  readonly onTruncated: OnTruncated;
}

/** The provider that the settings ask for, ready to embed. Never another one: a fallback would mix vectors of two models. */
export async function createEmbeddingProvider(options: EmbeddingProviderOptions): Promise<EmbeddingProvider> {
  switch (options.provider) {
    case "hashing":
      return createHashingEmbedder({ dimension: options.dimension });
    case "local":
      return await createLocalEmbedder({
        workers: options.workers,
        modelDirectory: options.modelDirectory,
        tokenizer: options.tokenizer,
        onTruncated: options.onTruncated,
      });
  }
}
