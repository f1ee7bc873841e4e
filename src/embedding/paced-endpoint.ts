import { setTimeout as delay } from "node:timers/promises";
import { abortError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import type { EmbeddingEndpoint } from "./embedding-endpoint.ts";
import { type EmbeddingFailure, EmbeddingUnavailableError } from "./embedding-failure.ts";
import type { EmbeddingPurpose } from "./embedding-provider.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { Embeddings } from "./read-embeddings.ts";
import { estimateTokens } from "./text-batches.ts";

export interface PacedRequest {
  /** At least one, prefix included. */
  readonly texts: readonly string[];
  readonly purpose: EmbeddingPurpose;
}

/** What may pass by itself. A key that is wrong or a model that is not there does not. */
const transientFailures: readonly EmbeddingFailure[] = [
  "timeout",
  "unreachable",
  "rate_limited",
  "server_error",
  "invalid_answer",
];

/** An endpoint that is asked no more often than it allows, again where that may help, and not at all while it keeps failing. */
export class PacedEndpoint {
  readonly #endpoint: EmbeddingEndpoint;
  readonly #limiter: RateLimiter;
  readonly #timeoutMs: number;
  readonly #breaker = new CircuitBreaker({ failuresMax: limits.endpointFailuresMax, restMs: limits.endpointRestMs });
  #lastFailure = "";
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: {
    readonly endpoint: EmbeddingEndpoint;
    readonly limiter: RateLimiter;
    readonly timeoutMs: number;
  }) {
    this.#endpoint = options.endpoint;
    this.#limiter = options.limiter;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Since the last vectors came; infinite if none ever did. */
  lastAnswerAgeMs(): number {
    return performance.now() - this.#answeredAtMs;
  }

  /** @throws EmbeddingUnavailableError; the domain error of `signal`. */
  async request(request: PacedRequest, signal: AbortSignal): Promise<Embeddings> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(request, signal);
      } catch (error) {
        if (!(error instanceof EmbeddingUnavailableError)) throw error;
        const attempts = request.purpose === "query" ? limits.endpointQueryAttempts : limits.endpointDocumentAttempts;
        if (attempt >= attempts || !this.#mayPass(error, request.purpose)) throw error;
        // What the endpoint asks for holds for every request, and those wait for it in the limiter.
        if (!error.asksToWait) await this.#backOff(attempt, signal);
      }
    }
  }

  async #attempt({ texts, purpose }: PacedRequest, signal: AbortSignal): Promise<Embeddings> {
    const isQuery = purpose === "query";
    const tokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
    const restMs = this.#breaker.enter();
    if (restMs > 0) {
      const message = `no embeddings: the endpoint is left alone for ${Math.ceil(restMs)} ms after repeated failures`;
      throw new EmbeddingUnavailableError("resting", `${message}, the last: ${this.#lastFailure}`, { retryAfterMs: restMs });
    }
    let outcome: "success" | "failure" | undefined;
    try {
      const waitMaxMs = isQuery ? limits.endpointQueryWaitMs : limits.endpointPauseMaxMs;
      await this.#limiter.admit({ purpose, tokens, waitMaxMs }, signal);
      const timeoutMs = isQuery ? Math.min(this.#timeoutMs, limits.endpointQueryTimeoutMs) : this.#timeoutMs;
      const sent = this.#endpoint.request(texts, timeoutMs, signal);
      const embeddings = await sent.catch((error: unknown) => {
        outcome = this.#learnFrom(error);
        throw error;
      });
      outcome = "success";
      this.#answeredAtMs = performance.now();
      if (embeddings.tokens !== undefined) this.#limiter.settle(tokens, embeddings.tokens);
      return embeddings;
    } finally {
      this.#breaker.settle(outcome);
    }
  }

  /** @returns what a failure says of the endpoint. */
  #learnFrom(error: unknown): "failure" | undefined {
    if (!(error instanceof EmbeddingUnavailableError)) return undefined;
    if (error.asksToWait) this.#limiter.pause(withJitter(Math.min(error.retryAfterMs, limits.endpointRetryAfterMaxMs)));
    // It works, and a rest would only hide what is wrong.
    if (error.failure === "refused" || error.failure === "wrong_dimension") return undefined;
    this.#lastFailure = error.message.replace(/^no embeddings: /, "");
    return "failure";
  }

  #mayPass({ failure, code, asksToWait, retryAfterMs }: EmbeddingUnavailableError, purpose: EmbeddingPurpose): boolean {
    if (!transientFailures.includes(failure) || code === "insufficient_quota") return false;
    // A search has waited long enough by then.
    if (purpose === "query" && failure === "timeout") return false;
    return !asksToWait || retryAfterMs <= (purpose === "query" ? limits.endpointQueryWaitMs : limits.endpointPauseMaxMs);
  }

  /** Waits 0.5 s, 1 s, 2 s … , each less a random part of up to half. */
  async #backOff(attempt: number, signal: AbortSignal): Promise<void> {
    const delayMs = Math.min(limits.endpointBackoffMaxMs, limits.endpointBackoffFirstMs * 2 ** (attempt - 1));
    await delay(delayMs * (1 - Math.random() / 2), undefined, { signal }).catch(() => {
      throw abortError(signal);
    });
  }
}

/** Up to a tenth longer, so that processes that were sent away together do not come back together. */
function withJitter(durationMs: number): number {
  return durationMs * (1 + Math.random() / 10);
}
