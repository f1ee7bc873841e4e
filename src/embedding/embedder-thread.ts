import type { Worker } from "node:worker_threads";
import { DependencyUnavailableError, type DomainError } from "../domain/errors.ts";
import type { EmbeddingTask } from "./embedding-call.ts";
import type { EmbeddingPurpose } from "./embedding-provider.ts";
import type { LocalEmbedderThreadMessage, LocalEmbedderThreadRequest } from "./local-embedder-thread.ts";

// A text that always crashes the model, or files that are gone, must not turn into a loop of 300 ms model loads.
const restartDelayFirstMs = 100;
const restartDelayMaxMs = 30_000;

export interface EmbedderThreadDependencies {
  /** Starts a worker of `local-embedder-thread.ts`. */
  readonly startWorker: () => Worker;
  /** Called whenever `state` has changed. */
  readonly onStateChange: () => void;
}

/**
 * `starting` loads the model; `idle` takes a task; `busy` runs one; `broken` waits after a start that failed, when nobody knows whether the
 * next will succeed; `closed` is for good.
 */
export type EmbedderThreadState = "starting" | "idle" | "busy" | "broken" | "closed";

/**
 * One worker thread with the model, started again when it crashes: at once 100 ms later, then after twice the delay each time, at most
 * 30 s, until a text succeeds. A crash fails the call whose text was running and no other.
 */
export class EmbedderThread {
  /** `query`: kept for queries. */
  readonly purpose: EmbeddingPurpose;
  readonly #dependencies: EmbedderThreadDependencies;
  readonly #firstStart = Promise.withResolvers<void>();
  #state: EmbedderThreadState = "starting";
  #worker: Worker;
  #exited: Promise<void>;
  #task: EmbeddingTask | undefined;
  #crashesSinceSuccess = 0;
  #restartTimer: NodeJS.Timeout | undefined;

  constructor(purpose: EmbeddingPurpose, dependencies: EmbedderThreadDependencies) {
    this.purpose = purpose;
    this.#dependencies = dependencies;
    ({ worker: this.#worker, exited: this.#exited } = this.#start());
  }

  get state(): EmbedderThreadState {
    return this.#state;
  }

  /** When the first start has loaded the model; rejects with what it failed with. */
  get ready(): Promise<void> {
    return this.#firstStart.promise;
  }

  get restartDelayMs(): number {
    return Math.min(restartDelayMaxMs, restartDelayFirstMs * 2 ** Math.max(0, this.#crashesSinceSuccess - 1));
  }

  /** Runs one text; only while `idle`. */
  run(task: EmbeddingTask, request: LocalEmbedderThreadRequest): void {
    this.#task = task;
    this.#state = "busy";
    this.#post(request);
  }

  /**
   * Fails the running text and ends the thread after it, at most the time of one text later (0.3 s for 512 tokens). The thread ends by itself:
   * `terminate()`, or `process.exit()`, in the middle of a run aborts the whole process with a `Napi::Error` (onnxruntime-node 1.30.0).
   */
  async close(reason: DomainError): Promise<void> {
    this.#state = "closed";
    clearTimeout(this.#restartTimer);
    this.#task?.call.fail(reason);
    this.#post("close");
    await this.#exited;
  }

  #start(): { worker: Worker; exited: Promise<void> } {
    const worker = this.#dependencies.startWorker();
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    let failure: unknown;
    worker.on("message", (message: LocalEmbedderThreadMessage) => this.#onMessage(message));
    worker.on("error", (error: unknown) => {
      failure = error;
    });
    // "exit" follows every "error", and comes alone when the thread has ended by itself.
    worker.on("exit", (exitCode) => {
      resolve();
      this.#onExit(failure ?? new Error(`the thread ended with exit code ${exitCode}`));
    });
    return { worker, exited };
  }

  #post(request: LocalEmbedderThreadRequest): void {
    this.#worker.postMessage(request);
  }

  #onMessage(message: LocalEmbedderThreadMessage): void {
    if (this.#state === "closed") return;
    const task = this.#task;
    this.#task = undefined;
    this.#state = "idle";
    if (message.kind === "ready") {
      this.#firstStart.resolve();
    } else {
      this.#crashesSinceSuccess = 0;
      task?.call.deliver(task.index, message.vector);
    }
    this.#dependencies.onStateChange();
  }

  #onExit(cause: unknown): void {
    this.#firstStart.reject(cause);
    if (this.#state === "closed") return;
    this.#state = this.#state === "starting" ? "broken" : "starting";
    this.#crashesSinceSuccess++;
    this.#restartTimer = setTimeout(() => {
      this.#state = "starting";
      ({ worker: this.#worker, exited: this.#exited } = this.#start());
      this.#dependencies.onStateChange();
    }, this.restartDelayMs);
    const task = this.#task;
    this.#task = undefined;
    task?.call.fail(
      new DependencyUnavailableError("embeddings", "the embedding thread crashed while it ran this text; try again", { cause }),
    );
    this.#dependencies.onStateChange();
  }
}
