import type { DomainError } from "../domain/errors.ts";

/** One text of a call, waiting for a thread or running on one. */
export interface EmbeddingTask {
  readonly call: EmbeddingCall;
  /** Position among the texts of the call, from 0. */
  readonly index: number;
  /** Prefix included. */
  readonly text: string;
}

/** One `embed()` call: collects the vectors of its texts, which finish in any order on several threads. It settles once. */
export class EmbeddingCall {
  readonly tasks: readonly EmbeddingTask[];
  readonly #vectors: Float32Array[];
  #missing: number;
  readonly #outcome = Promise.withResolvers<Float32Array[]>();

  /** @param texts at least one. */
  constructor(texts: readonly string[]) {
    this.tasks = texts.map((text, index) => ({ call: this, index, text }));
    this.#vectors = new Array<Float32Array>(texts.length);
    this.#missing = texts.length;
  }

  /** The vectors in the order of the texts. */
  get vectors(): Promise<Float32Array[]> {
    return this.#outcome.promise;
  }

  deliver(index: number, vector: Float32Array): void {
    this.#vectors[index] = vector;
    this.#missing--;
    if (this.#missing === 0) this.#outcome.resolve(this.#vectors);
  }

  fail(error: DomainError): void {
    this.#outcome.reject(error);
  }
}
