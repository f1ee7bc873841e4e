import { limits } from "../domain/limits.ts";
import type { EmbeddingProvider } from "../embedding/embedding-provider.ts";
import { type CheckResult, check } from "./check.ts";

/**
 * Tells whether the embedder works. One on this machine is asked every time. An endpoint may cost money: a vector that it gave to anybody in
 * the last 30 s counts as a probe, and without one it is asked at most once in 30 s.
 */
export class EmbeddingProbe {
  readonly #provider: EmbeddingProvider;
  /** What was found when the endpoint was last asked. */
  #last: { readonly result: CheckResult; readonly atMs: number } | undefined;

  constructor(provider: EmbeddingProvider) {
    this.#provider = provider;
  }

  async run(): Promise<CheckResult> {
    const answerAgeMs = this.#provider.lastAnswerAgeMs?.();
    if (answerAgeMs === undefined) return await this.#ask();
    if (answerAgeMs < limits.endpointProbeIntervalMs) {
      const responseTimeMs = this.#last?.result.status === "healthy" ? this.#last.result.responseTimeMs : 0;
      return { status: "healthy", responseTimeMs, error: undefined };
    }
    if (this.#last && performance.now() - this.#last.atMs < limits.endpointProbeIntervalMs) return this.#last.result;
    const result = await this.#ask();
    this.#last = { result, atMs: performance.now() };
    return result;
  }

  #ask(): Promise<CheckResult> {
    return check(async (signal) => {
      await this.#provider.embed(["probe"], "query", signal);
    });
  }
}
