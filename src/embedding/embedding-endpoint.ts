import { ModelCallError, withinTime } from "../endpoint/model-call.ts";
import type { Endpoint } from "../endpoint/open-endpoint.ts";
import { EmbeddingUnavailableError, fromModelCall } from "./embedding-failure.ts";
import type { OpenAiModel } from "./openai-model.ts";
import { type Embeddings, readEmbeddings } from "./read-embeddings.ts";

/** One request for embeddings at a time: how it is written, how long it may take, and how its answer is read. */
export class EmbeddingEndpoint {
  readonly #endpoint: Endpoint;
  readonly #openAiModel: OpenAiModel;
  /** Base64 takes a third of the room of decimals. An endpoint that refuses it is asked for decimals from then on. */
  #encoding: "base64" | "float" = "base64";
  /** Whether it has ever answered: from then on, a refusal is not about the encoding. */
  #hasAnswered = false;

  constructor(endpoint: Endpoint, openAiModel: OpenAiModel) {
    this.#endpoint = endpoint;
    this.#openAiModel = openAiModel;
  }

  /**
   * @param texts at least one, prefix included.
   * @throws EmbeddingUnavailableError; the domain error of `signal`.
   */
  async request(texts: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<Embeddings> {
    try {
      return await this.#request(texts, timeoutMs, signal);
    } catch (error) {
      const failed = error instanceof ModelCallError ? fromModelCall(error) : error;
      const isRefused = failed instanceof EmbeddingUnavailableError && failed.failure === "refused";
      if (!isRefused || this.#hasAnswered || this.#encoding === "float") throw failed;
    }
    try {
      const embeddings = await this.#request(texts, timeoutMs, signal, "float");
      this.#encoding = "float";
      return embeddings;
    } catch (error) {
      throw error instanceof ModelCallError ? fromModelCall(error) : error;
    }
  }

  async #request(
    texts: readonly string[],
    timeoutMs: number,
    signal: AbortSignal,
    encoding = this.#encoding,
  ): Promise<Embeddings> {
    const { model, requestedDimension } = this.#openAiModel;
    const answer: unknown = await withinTime({ timeoutMs, signal }, (inTime) =>
      this.#endpoint.call((client) =>
        client.embeddings.create(
          {
            model: model.name,
            input: [...texts],
            encoding_format: encoding,
            ...(requestedDimension === undefined ? {} : { dimensions: requestedDimension }),
          },
          { signal: inTime },
        ),
      ),
    );
    const embeddings = readEmbeddings(answer, { textCount: texts.length, model });
    this.#hasAnswered = true;
    return embeddings;
  }
}
