import type { Worker } from "node:worker_threads";
import { abortError, DependencyUnavailableError, type DomainError, LimitExceededError } from "../domain/errors.ts";
import { EmbedderThread } from "./embedder-thread.ts";
import { EmbeddingCall, type EmbeddingTask } from "./embedding-call.ts";
import type { EmbeddingPurpose } from "./embedding-provider.ts";

/**
 * Texts that may wait, beside those that run. Queries: at 5 ms for a short one about a second of work, and searches would rather degrade to
 * text than wait longer. Documents: about 30 s of work for one thread at 130 tokens each. The embedding worker has at most two batches of
 * `embeddingBatchSizeMax` here at a time, so only a fault reaches it.
 */
export const waitingTextsMax: Readonly<Record<EmbeddingPurpose, number>> = { query: 256, document: 1_024 };

export interface EmbedderThreadPoolOptions {
  readonly startWorker: (purpose: EmbeddingPurpose) => Worker;
  /** Threads for documents; one for queries comes on top. */
  readonly documentThreads: number;
  /** Turns a text into what a thread takes; called when a thread is free, one text at a time, so that long batches do not hold the event loop. */
  readonly encode: (text: string) => BigInt64Array;
}

/**
 * One thread for queries, the others for documents, and a first-in-first-out queue for each purpose. A query never waits behind a document: the
 * query thread takes nothing else. A document thread without documents takes queries too, so that searches alone use all cores.
 * Each thread holds one text at a time; everything else waits here, where an aborted call can still take it back.
 */
export class EmbedderThreadPool {
  readonly #threads: readonly EmbedderThread[];
  readonly #encode: EmbedderThreadPoolOptions["encode"];
  readonly #waiting: Record<EmbeddingPurpose, EmbeddingTask[]> = { query: [], document: [] };
  #closing: Promise<void> | undefined;

  constructor({ startWorker, documentThreads, encode }: EmbedderThreadPoolOptions) {
    this.#encode = encode;
    const purposes: EmbeddingPurpose[] = ["query", ...new Array<EmbeddingPurpose>(documentThreads).fill("document")];
    this.#threads = purposes.map(
      (purpose) =>
        new EmbedderThread(purpose, {
          startWorker: () => startWorker(purpose),
          onStateChange: () => this.#onThreadStateChange(),
        }),
    );
  }

  /** When every thread has loaded the model once; rejects with the first failure. */
  async ready(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.ready));
  }

  /** As `EmbeddingProvider.embed`, for texts with their prefix. */
  async embed(texts: readonly string[], purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Float32Array[]> {
    if (signal.aborted) throw abortError(signal);
    if (texts.length === 0) return [];
    this.#refuseUnlessServed(purpose, texts.length);
    const call = new EmbeddingCall(texts);
    this.#waiting[purpose].push(...call.tasks);
    const onAbort = () => {
      call.fail(abortError(signal));
      this.#drop(purpose, call);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#dispatch();
    try {
      return await call.vectors;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#drop(purpose, call);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const error = closedError();
    for (const purpose of ["query", "document"] as const) this.#failWaiting(purpose, error);
    await Promise.all(this.#threads.map((thread) => thread.close(error)));
  }

  #refuseUnlessServed(purpose: EmbeddingPurpose, textCount: number): void {
    if (this.#closing !== undefined) throw closedError();
    if (!this.#isServed(purpose)) throw this.#brokenError(purpose);
    const waiting = this.#waiting[purpose].length;
    const waitingMax = waitingTextsMax[purpose];
    if (waiting + textCount <= waitingMax) return;
    throw new LimitExceededError(
      "EMBEDDING_QUEUE_FULL",
      `${waiting} ${purpose} texts wait to be embedded, ${textCount} more exceed ${waitingMax}; send them later or in smaller batches`,
      1_000,
    );
  }

  /** Gives each idle thread the text it should run next. */
  #dispatch(): void {
    for (const thread of this.#threads) {
      if (thread.state !== "idle") continue;
      const task =
        thread.purpose === "query"
          ? this.#waiting.query.shift()
          : (this.#waiting.document.shift() ?? this.#waiting.query.shift());
      if (task !== undefined) thread.run(task, this.#encode(task.text));
    }
  }

  #onThreadStateChange(): void {
    for (const purpose of ["query", "document"] as const) {
      if (!this.#isServed(purpose)) this.#failWaiting(purpose, this.#brokenError(purpose));
    }
    this.#dispatch();
  }

  /** Whether some thread that takes this purpose works or is being started with hope. */
  #isServed(purpose: EmbeddingPurpose): boolean {
    return this.#takers(purpose).some((thread) => thread.state !== "broken");
  }

  #takers(purpose: EmbeddingPurpose): readonly EmbedderThread[] {
    return purpose === "query" ? this.#threads : this.#threads.filter((thread) => thread.purpose === "document");
  }

  #brokenError(purpose: EmbeddingPurpose): DependencyUnavailableError {
    const retryAfterMs = Math.min(...this.#takers(purpose).map((thread) => thread.restartDelayMs));
    return new DependencyUnavailableError(
      "embeddings",
      `no embedding thread for a ${purpose} could be started again; try again later`,
      {
        retryAfterMs,
      },
    );
  }

  #failWaiting(purpose: EmbeddingPurpose, error: DomainError): void {
    for (const task of this.#waiting[purpose].splice(0)) task.call.fail(error);
  }

  /** Takes back what a settled call still has in the queue, which is something only when it failed. */
  #drop(purpose: EmbeddingPurpose, call: EmbeddingCall): void {
    this.#waiting[purpose] = this.#waiting[purpose].filter((task) => task.call !== call);
  }
}

function closedError(): DependencyUnavailableError {
  return new DependencyUnavailableError(
    "embeddings",
    "the embedder is closed; send the request to another process of the service",
  );
}
