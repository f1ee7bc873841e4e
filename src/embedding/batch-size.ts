import { limits } from "../domain/limits.ts";

/**
 * How many jobs a worker takes at once, by how fast its embedder is: large batches where a batch costs a request, small ones where each
 * text costs time, so that owners have their turns.
 */
export class BatchSize {
  #count: number = limits.embeddingBatchSizeMin;

  get count(): number {
    return this.#count;
  }

  /** Tells how long the embedder took for so many texts. A batch that was not full says nothing about a larger one. */
  observe(texts: number, elapsedMs: number): void {
    if (elapsedMs > limits.embeddingBatchMs) this.#count = Math.max(limits.embeddingBatchSizeMin, this.#count / 2);
    else if (texts >= this.#count && elapsedMs < limits.embeddingBatchMs / 4)
      this.#count = Math.min(limits.embeddingBatchSizeMax, this.#count * 2);
  }
}
