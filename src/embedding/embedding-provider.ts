/**
 * What the rest of the service knows of embedding: a provider turns texts into unit vectors of one model. Three implementations: the
 * local ONNX model (`local-embedder.ts`), an endpoint of OpenAI's kind (`openai-embedder.ts`) and hashed words (`hashing-embedder.ts`).
 */

/** Models are trained with different prefixes for what is stored and what is asked; a query also goes ahead of documents. */
export type EmbeddingPurpose = "document" | "query";

export type EmbeddingProviderName = "local" | "openai" | "hashing";

/** Facts of a model that storage, chunking and search rely on. Two models with one `modelId` give equal vectors. */
export interface EmbeddingModel {
  /** `provider/name`, such as `local/e5-small-v2` or `hashing/384`; more where the name does not say which vectors (`openai-model.ts`). */
  readonly modelId: string;
  readonly provider: EmbeddingProviderName;
  readonly name: string;
  /** Components of each vector. */
  readonly dimension: number;
  /** Put before a document's text inside the provider; callers pass the text alone. */
  readonly documentPrefix: string;
  /** The same for a query. */
  readonly queryPrefix: string;
  /** Tokens of a chunk's own text, prefix and special tokens already deducted. A longer text is cut, and the cut is counted. */
  readonly chunkTokensMax: number;
}

export interface EmbeddingProvider {
  readonly model: EmbeddingModel;

  /**
   * How long ago it last gave a vector, in milliseconds; infinite if it never has. Only a provider whose calls may cost money has this, so
   * that probes need not call it more often than needed.
   */
  readonly lastAnswerAgeMs?: (() => number) | undefined;

  /**
   * Embeds texts, all or none.
   *
   * @param texts  N texts without prefix; may be empty.
   * @param signal aborts the call: what has not begun is dropped, and the call rejects with `abortError(signal)`.
   * @returns N unit vectors of `model.dimension` components, in the order of the texts; the caller owns them. A vector depends on its
   *          text and purpose alone, never on the other texts of the call.
   * @throws LimitExceededError when too many texts are waiting; DependencyUnavailableError when the model cannot answer or the
   *         provider is closed. Either may be the fault of one of the texts, too: whoever has others to embed finds that out.
   */
  embed(texts: readonly string[], purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Float32Array[]>;

  /**
   * Ends threads; calls that have not been answered reject with DependencyUnavailableError. Safe to call again. MUST be awaited before
   * `process.exit()`, which would abort the process while a model runs.
   */
  close(): Promise<void>;
}

/** Told how many texts were cut because they were longer than the model reads; the caller counts them in a metric. */
export type OnTruncated = (textCount: number) => void;
