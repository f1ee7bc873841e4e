/**
 * Wakes those who wait for something to happen in this process. Nothing is remembered, and other processes are not heard, so
 * whoever waits must also look by itself after a while.
 */
export class Wakeup {
  readonly #waiters = new Set<() => void>();

  notify(): void {
    for (const wake of [...this.#waiters]) wake();
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
