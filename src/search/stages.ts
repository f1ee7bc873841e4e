import { traced } from "../observability/tracing.ts";

/** The time that the stages of one search take, in the order they began. A stage that runs several times counts as one. */
export class Stages {
  readonly #times = new Map<string, number>();

  get times(): { stage: string; durationMs: number }[] {
    return [...this.#times].map(([stage, durationMs]) => ({ stage, durationMs }));
  }

  async time<T>(stage: string, run: () => Promise<T>): Promise<T> {
    this.#times.set(stage, this.#times.get(stage) ?? 0);
    const started = performance.now();
    try {
      return await traced({ name: `memory.search.${stage}` }, run);
    } finally {
      this.#times.set(stage, (this.#times.get(stage) ?? 0) + performance.now() - started);
    }
  }
}
