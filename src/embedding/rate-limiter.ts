import { abortError } from "../domain/errors.ts";
import { EmbeddingUnavailableError } from "./embedding-failure.ts";
import type { EmbeddingPurpose } from "./embedding-provider.ts";

export interface RateLimits {
  /** Undefined: any number. */
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
}

export interface Admission {
  readonly purpose: EmbeddingPurpose;
  /** By estimate. */
  readonly tokens: number;
  /** Whoever would have to wait longer is refused at once: a query for anything, documents for a pause that the endpoint asks for. */
  readonly waitMaxMs: number;
}

interface Waiter extends Admission {
  readonly admitted: PromiseWithResolvers<void>;
}

/** Documents leave so much of each budget untouched, so that a query seldom waits at all. */
const shareForQueries = 0.2;

/**
 * Keeps one process within an endpoint's limits of requests and tokens per minute, and quiet while the endpoint asks for that. Queries go
 * ahead of documents.
 */
export class RateLimiter {
  readonly #requests: Budget;
  readonly #tokens: Budget;
  readonly #waiting: Record<EmbeddingPurpose, Waiter[]> = { query: [], document: [] };
  /** On the clock of `performance.now()`. */
  #pausedUntilMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ requestsPerMinute, tokensPerMinute }: RateLimits) {
    this.#requests = new Budget(requestsPerMinute);
    this.#tokens = new Budget(tokensPerMinute);
  }

  /** Tokens that can be sent at once; what is more has to be saved up afterwards. */
  get tokensAtOnceMax(): number {
    return this.#tokens.capacity;
  }

  /**
   * Waits until a request may be sent, and charges it.
   *
   * @throws EmbeddingUnavailableError `rate_limited` if that would take too long; `abortError(signal)`.
   */
  async admit(admission: Admission, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortError(signal);
    const waiter: Waiter = { ...admission, admitted: Promise.withResolvers() };
    const queue = this.#waiting[admission.purpose];
    const onAbort = () => {
      remove(queue, waiter);
      waiter.admitted.reject(abortError(signal));
      this.#dispatch();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    queue.push(waiter);
    this.#refuseIfTooLong(waiter);
    this.#dispatch();
    try {
      await waiter.admitted.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Corrects a charge by what the endpoint says it has counted. */
  settle(estimatedTokens: number, usedTokens: number): void {
    this.#tokens.spend(usedTokens - estimatedTokens);
    this.#dispatch();
  }

  /** Sends nothing for a while. */
  pause(durationMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, performance.now() + durationMs);
    for (const queue of Object.values(this.#waiting)) for (const waiter of [...queue]) this.#refuseIfTooLong(waiter);
    this.#dispatch();
  }

  #refuseIfTooLong(waiter: Waiter): void {
    const { purpose, waitMaxMs, admitted } = waiter;
    const waitMs = purpose === "query" ? this.#delayMs(waiter) : this.#pausedUntilMs - performance.now();
    if (waitMs <= waitMaxMs) return;
    remove(this.#waiting[purpose], waiter);
    const message = `no embeddings: the endpoint's limits allow none for ${Math.ceil(waitMs)} ms`;
    admitted.reject(new EmbeddingUnavailableError("rate_limited", message, { retryAfterMs: waitMs }));
  }

  /** Admits whoever may go, in order, and comes back when the next one may. */
  #dispatch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (;;) {
      const { query, document } = this.#waiting;
      const queue = query.length > 0 ? query : document;
      const [next] = queue;
      if (!next) return;
      const delayMs = this.#delayMs(next);
      if (delayMs > 0) {
        this.#timer = setTimeout(() => this.#dispatch(), Math.ceil(delayMs));
        return;
      }
      queue.shift();
      this.#requests.spend(1);
      this.#tokens.spend(next.tokens);
      next.admitted.resolve();
    }
  }

  #delayMs({ purpose, tokens }: Admission): number {
    const share = purpose === "query" ? 0 : shareForQueries;
    return Math.max(
      this.#pausedUntilMs - performance.now(),
      this.#requests.delayMs(1, share),
      this.#tokens.delayMs(tokens, share),
    );
  }
}

function remove(queue: Waiter[], waiter: Waiter): void {
  const index = queue.indexOf(waiter);
  if (index >= 0) queue.splice(index, 1);
}

/**
 * A bucket that fills steadily. What it holds when full and what flows in within a minute are together the minute's limit, so no minute
 * exceeds it, wherever it begins; only a single text with more tokens than the bucket holds is let through on credit.
 */
class Budget {
  readonly capacity: number;
  readonly #perMs: number;
  #level: number;
  #levelAtMs = performance.now();

  constructor(perMinute: number | undefined) {
    // Five seconds' worth at once: more would only mean longer waits after it.
    this.capacity = perMinute === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(perMinute / 12));
    // A limit of one per minute would otherwise leave nothing to flow in.
    this.#perMs = perMinute === undefined ? 0 : Math.max(perMinute - this.capacity, perMinute / 2) / 60_000;
    this.#level = this.capacity;
  }

  /** @param share of the capacity that has to be left. */
  delayMs(amount: number, share: number): number {
    if (this.capacity === Number.POSITIVE_INFINITY) return 0;
    this.#fill();
    const needed = Math.min(this.capacity, amount + Math.floor(share * this.capacity));
    return needed <= this.#level ? 0 : (needed - this.#level) / this.#perMs;
  }

  spend(amount: number): void {
    if (this.capacity === Number.POSITIVE_INFINITY) return;
    this.#fill();
    this.#level = Math.min(this.capacity, this.#level - amount);
  }

  #fill(): void {
    const nowMs = performance.now();
    this.#level = Math.min(this.capacity, this.#level + (nowMs - this.#levelAtMs) * this.#perMs);
    this.#levelAtMs = nowMs;
  }
}
