/**
 * Leaves an endpoint alone after repeated failures, so that callers learn at once that it will not answer, and lets a single call find out
 * whether it does again. Written here since libraries keep callers waiting for that one call, and take one that its caller aborted for a
 * success or a failure; it is neither.
 */
export class CircuitBreaker {
  readonly #failuresMax: number;
  readonly #restMs: number;
  /** Since the last success. */
  #failures = 0;
  /** On the clock of `performance.now()`. */
  #restsUntilMs = 0;
  #isTrying = false;

  /**
   * @param options.failuresMax failures in a row after which it opens.
   * @param options.restMs      how long it then stays open before one call may try.
   */
  constructor({ failuresMax, restMs }: { readonly failuresMax: number; readonly restMs: number }) {
    this.#failuresMax = failuresMax;
    this.#restMs = restMs;
  }

  /**
   * Asks whether a call may go. After 0 the caller MUST call `settle` once, however the call ends.
   *
   * @returns 0, or in how many milliseconds it is worth asking again.
   */
  enter(): number {
    if (this.#failures < this.#failuresMax) return 0;
    const leftMs = this.#restsUntilMs - performance.now();
    if (leftMs > 0) return leftMs;
    if (this.#isTrying) return this.#restMs;
    this.#isTrying = true;
    return 0;
  }

  /** @param outcome undefined: the call says nothing of the endpoint, such as one that its caller has aborted. */
  settle(outcome: "success" | "failure" | undefined): void {
    this.#isTrying = false;
    if (outcome === "success") this.#failures = 0;
    if (outcome === "failure") {
      this.#failures++;
      if (this.#failures >= this.#failuresMax) this.#restsUntilMs = performance.now() + this.#restMs;
    }
  }
}
