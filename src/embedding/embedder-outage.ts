import { setTimeout as sleep } from "node:timers/promises";
import { DependencyUnavailableError, LimitExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import { checkVectors } from "./check-vectors.ts";
import type { EmbeddingProvider } from "./embedding-provider.ts";

/** Any model embeds it; how well does not matter. */
const trialText = "The quick brown fox jumps over the lazy dog.";

export interface EmbedderOutageDeps {
  readonly provider: EmbeddingProvider;
  readonly logger: Logger;
}

/**
 * Tells failures of the embedder from failures of texts, by embedding a text that is known to be harmless: what kind of error a provider
 * threw says too little, since a text can crash a model, and a wrong key refuses every text. While the embedder fails, no job is taken.
 */
export class EmbedderOutage {
  readonly #deps: EmbedderOutageDeps;
  readonly #trialMs: number;
  /** Trials that have failed since the last success. */
  #failures = 0;
  #trialAt = 0;
  /** The trial under way, which everybody who waits shares. */
  #trial: Promise<boolean> | undefined;

  constructor(deps: EmbedderOutageDeps, trialMs: number) {
    this.#deps = deps;
    this.#trialMs = trialMs;
  }

  get isOn(): boolean {
    return this.#failures > 0;
  }

  /** Whether the embedder itself is at fault for a failure, the only one or not; if so, the outage is on. */
  async isCauseOf(error: unknown, signal: AbortSignal): Promise<boolean> {
    return !(await this.#tryOnce(error, signal));
  }

  /** Resolves when the embedder works, at once if it is not known to fail, or when the signal aborts. */
  async waitUntilOver(signal: AbortSignal): Promise<void> {
    while (this.isOn && !signal.aborted) {
      await sleep(Math.max(0, this.#trialAt - performance.now()), undefined, { signal }).catch(() => undefined);
      if (this.isOn && performance.now() >= this.#trialAt && !signal.aborted) await this.#tryOnce(undefined, signal);
    }
  }

  #tryOnce(cause: unknown, signal: AbortSignal): Promise<boolean> {
    this.#trial ??= this.#try(cause, signal).finally(() => {
      this.#trial = undefined;
    });
    return this.#trial;
  }

  async #try(cause: unknown, signal: AbortSignal): Promise<boolean> {
    const { provider, logger } = this.#deps;
    try {
      const timeout = AbortSignal.timeout(this.#trialMs);
      const vectors = await provider.embed([trialText], "document", AbortSignal.any([signal, timeout]));
      checkVectors(provider.model, vectors, 1);
      if (this.isOn) logger.info({ model: provider.model.modelId }, "the embedder works again");
      this.#failures = 0;
      return true;
    } catch (error) {
      // A stop says nothing about the embedder, but whoever asks must not blame the text.
      if (signal.aborted) return false;
      this.#failures++;
      const pauseMs = pauseAfter(this.#failures, [cause, error]);
      this.#trialAt = performance.now() + pauseMs;
      if (this.#failures === 1)
        logger.warn(
          { err: error, model: provider.model.modelId },
          "the embedder does not work; its jobs wait until it does, and no attempt is counted",
        );
      return false;
    }
  }
}

/** Grows with each failure in a row, less a random part of up to half, but is never shorter than what the embedder asks for. */
function pauseAfter(failures: number, errors: readonly unknown[]): number {
  const asked = errors.map((error) =>
    error instanceof DependencyUnavailableError || error instanceof LimitExceededError ? (error.retryAfterMs ?? 0) : 0,
  );
  const grown = Math.min(limits.embeddingPauseMaxMs, limits.embeddingBackoffFirstMs * 2 ** (failures - 1));
  return Math.max(grown * (1 - Math.random() / 2), Math.min(limits.embeddingBackoffMaxMs, Math.max(...asked)));
}
