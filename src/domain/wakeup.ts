/**
 * Wakes those who wait for something to happen in this process. Other processes are not heard, unless something passes their notices on,
 * so whoever waits must also look by itself after a while.
 */
export class Wakeup {
  readonly #waiters = new Set<() => void>();
  #count = 0;
  #onNotify: () => void = () => {};

  /** How often it has woken. Who looks first and then waits compares: what came in between would be missed. */
  get count(): number {
    return this.#count;
  }

  /** Tells that it has happened here. */
  notify(): void {
    this.wake();
    this.#onNotify();
  }

  /** Wakes those who wait here and tells nobody else: it has happened in another process, or may have. */
  wake(): void {
    this.#count++;
    for (const wake of [...this.#waiters]) wake();
  }

  /** Has each notice of this process passed on to others. */
  passOn(onNotify: () => void): void {
    this.#onNotify = onNotify;
  }

  /** Resolves at the next `notify`, after `timeoutMs`, or when the signal aborts, whichever comes first. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiters.delete(wake);
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiters.add(wake);
      if (signal?.aborted) wake();
      else signal?.addEventListener("abort", wake);
    });
  }
}
