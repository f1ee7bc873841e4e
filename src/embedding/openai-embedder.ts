import { abortError, LimitExceededError, StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { openEndpoint } from "../endpoint/open-endpoint.ts";
import { readApiKey } from "../endpoint/read-api-key.ts";
import { EmbeddingEndpoint } from "./embedding-endpoint.ts";
import { EmbeddingUnavailableError } from "./embedding-failure.ts";
import type { EmbeddingModelSpec, EmbeddingSettings } from "./embedding-model-spec.ts";
import type { EmbeddingModel, EmbeddingProvider, EmbeddingPurpose, OnTruncated } from "./embedding-provider.ts";
import { type OpenAiModel, resolveOpenAiModel } from "./openai-model.ts";
import { PacedEndpoint } from "./paced-endpoint.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { divideIntoBatches, mayHaveMoreTokens, shortenText } from "./text-batches.ts";

export interface OpenAiEmbedderOptions {
  readonly model: EmbeddingModelSpec;
  readonly settings: EmbeddingSettings;
  readonly onTruncated: OnTruncated;
}

/** OpenAI's own address, the only one that gets the key which other programs share. */
const openAiOrigin = "https://api.openai.com";

/**
 * Embeds with a model behind an endpoint that speaks OpenAI's protocol: OpenAI, vLLM, Text Embeddings Inference, Ollama and others. It is
 * not asked anything here, so one that is down does not keep the service from starting.
 *
 * @throws StartupError for a model that is not known and not described, or a key that is missing.
 */
export async function createOpenAiEmbedder(options: OpenAiEmbedderOptions): Promise<EmbeddingProvider> {
  const { model: spec, settings, onTruncated } = options;
  const openAiModel = resolveOpenAiModel(spec);
  const baseUrl = spec.baseUrl ?? settings.embeddingBaseUrl;
  const timeoutMs = settings.embeddingTimeoutMs;
  const endpoint = await openEndpoint({
    baseUrl,
    apiKey: await apiKeyFor(baseUrl, settings),
    timeoutMs,
    answerBytesMax: answerBytesMax(settings.embeddingBatchSize * openAiModel.model.dimension),
  });
  const limiter = new RateLimiter({
    requestsPerMinute: settings.embeddingRequestsPerMinute,
    tokensPerMinute: settings.embeddingTokensPerMinute,
  });
  const batches = {
    textsMax: settings.embeddingBatchSize,
    tokensMax: Math.min(settings.embeddingBatchTokens, limiter.tokensAtOnceMax),
  };
  const paced = new PacedEndpoint({ endpoint: new EmbeddingEndpoint(endpoint, openAiModel), limiter, timeoutMs });
  return new OpenAiEmbedder({ endpoint: paced, openAiModel, batches, onTruncated });
}

class OpenAiEmbedder implements EmbeddingProvider {
  readonly model: EmbeddingModel;
  readonly lastAnswerAgeMs = () => this.#endpoint.lastAnswerAgeMs();
  readonly #endpoint: PacedEndpoint;
  readonly #inputTokensMax: number;
  readonly #batches: { readonly textsMax: number; readonly tokensMax: number };
  readonly #onTruncated: OnTruncated;
  readonly #closing = new AbortController();
  readonly #running: Record<EmbeddingPurpose, number> = { query: 0, document: 0 };

  constructor(options: {
    readonly endpoint: PacedEndpoint;
    readonly openAiModel: OpenAiModel;
    readonly batches: { readonly textsMax: number; readonly tokensMax: number };
    readonly onTruncated: OnTruncated;
  }) {
    this.model = options.openAiModel.model;
    this.#inputTokensMax = options.openAiModel.inputTokensMax;
    this.#endpoint = options.endpoint;
    this.#batches = options.batches;
    this.#onTruncated = options.onTruncated;
  }

  async embed(texts: readonly string[], purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Float32Array[]> {
    if (signal.aborted) throw abortError(signal);
    if (this.#closing.signal.aborted) throw closedError();
    if (texts.length === 0) return [];
    this.#refuseIfTooMany(texts.length, purpose);
    this.#running[purpose] += texts.length;
    try {
      const eitherSignal = AbortSignal.any([signal, this.#closing.signal]);
      return await this.#embed(texts, purpose, eitherSignal);
    } catch (error) {
      throw this.#closing.signal.aborted && !signal.aborted ? closedError() : error;
    } finally {
      this.#running[purpose] -= texts.length;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  async #embed(texts: readonly string[], purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Float32Array[]> {
    const { documentPrefix, queryPrefix } = this.model;
    const prefix = purpose === "query" ? queryPrefix : documentPrefix;
    const prefixed = texts.map((text) => prefix + text);
    const vectors: Float32Array[] = [];
    for (const batch of divideIntoBatches(prefixed, this.#batches)) {
      const [only] = batch;
      if (only !== undefined && batch.length === 1) vectors.push(await this.#embedAlone(only, purpose, signal));
      else vectors.push(...(await this.#endpoint.request({ texts: batch, purpose }, signal)).vectors);
    }
    return vectors;
  }

  /** Embeds a text, or as much of it as the endpoint takes: one that is too long for the model is refused by most. */
  async #embedAlone(whole: string, purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Float32Array> {
    for (let text = whole; ; text = shortenText(text, this.#inputTokensMax)) {
      try {
        const [vector] = (await this.#endpoint.request({ texts: [text], purpose }, signal)).vectors;
        if (!vector) throw new Error("an answer without vectors was taken for complete");
        if (text !== whole) this.#onTruncated(1);
        return vector;
      } catch (error) {
        const isRefused = error instanceof EmbeddingUnavailableError && error.failure === "refused";
        if (!isRefused || !mayHaveMoreTokens(text, this.#inputTokensMax)) throw error;
      }
    }
  }

  #refuseIfTooMany(count: number, purpose: EmbeddingPurpose): void {
    const countMax = purpose === "query" ? limits.endpointQueriesMax : limits.endpointDocumentsMax;
    const running = this.#running[purpose];
    if (running + count <= countMax) return;
    throw new LimitExceededError(
      "EMBEDDING_QUEUE_FULL",
      `${running} ${purpose} texts are being embedded, ${count} more exceed ${countMax}; send them later or in smaller batches`,
      1_000,
    );
  }
}

function answerBytesMax(componentCount: number): number {
  return componentCount * limits.endpointComponentBytesMax + limits.endpointAnswerExtraBytesMax;
}

/** The key belongs to the address in the settings: a model that is opened at another one gets none. */
async function apiKeyFor(baseUrl: string, settings: EmbeddingSettings): Promise<string | undefined> {
  const origin = URL.parse(baseUrl)?.origin;
  if (origin === undefined) throw new StartupError("the address of the embedding endpoint is not a URL");
  const own =
    origin === URL.parse(settings.embeddingBaseUrl)?.origin
      ? await readApiKey({
          apiKey: settings.embeddingApiKey,
          apiKeyFile: settings.embeddingApiKeyFile,
          fileVariable: "LLMEMORY_EMBEDDING_API_KEY_FILE",
        })
      : undefined;
  const key = own ?? (origin === openAiOrigin ? settings.openaiApiKey : undefined);
  if (key === undefined && origin === openAiOrigin) {
    throw new StartupError(
      "OpenAI's endpoint asks for a key; set LLMEMORY_EMBEDDING_API_KEY, LLMEMORY_EMBEDDING_API_KEY_FILE or OPENAI_API_KEY, or " +
        "LLMEMORY_EMBEDDING_BASE_URL to another endpoint",
    );
  }
  return key;
}

function closedError(): EmbeddingUnavailableError {
  return new EmbeddingUnavailableError("closed", "the embedding provider is closed");
}
