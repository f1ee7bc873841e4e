import { extname } from "node:path";
import type { Worker } from "node:worker_threads";
import { StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { messageOf } from "../domain/message-of.ts";
import { startModelThread } from "../embedding/model-thread.ts";
import { ModelCallError } from "../endpoint/model-call.ts";
import { type CrossEncoderFiles, readCrossEncoderFiles } from "./cross-encoder-files.ts";
import { encodePair } from "./cross-encoder-input.ts";
import type { CrossEncoderThreadMessage, CrossEncoderThreadRequest, CrossEncoderThreadSettings } from "./cross-encoder-thread.ts";

/** A model that reads query and passage together, in a thread of this process. Has that thread: close it. */
export interface CrossEncoder {
  readonly name: string;
  /**
   * Scores passages one by one; calls at the same time take turns.
   *
   * @param signal drops what has not begun, and rejects the call with its reason.
   * @returns a score from 0 to 1 for each passage, which depends on it and the query alone.
   * @throws ModelCallError if too many pairs wait, the thread crashed, or it is closed.
   */
  score(query: string, passages: readonly string[], signal: AbortSignal): Promise<number[]>;
  /** Ends the thread. MUST be awaited before `process.exit()`, which would abort the process while a model runs. */
  close(): Promise<void>;
}

/** Starts a thread; tests replace it to end real threads. */
export type StartCrossEncoderThread = (file: URL, settings: CrossEncoderThreadSettings) => Worker;

// `.ts` in a checkout, `.js` in the package: this file and the thread's are always of one kind.
const threadFile = new URL(`./cross-encoder-thread${extname(import.meta.url)}`, import.meta.url);

/**
 * @param directory see `readCrossEncoderFiles`.
 * @returns once the thread has loaded the model and scored a pair.
 * @throws StartupError for a directory without a usable cross-encoder.
 */
export async function openCrossEncoder(
  directory: string,
  startThread: StartCrossEncoderThread = startWorker,
): Promise<CrossEncoder> {
  const crossEncoder = new ThreadedCrossEncoder(await readCrossEncoderFiles(directory), startThread);
  await crossEncoder.start();
  return crossEncoder;
}

/** One `score()` call. */
class ScoreCall {
  readonly query: string;
  readonly passages: readonly string[];
  readonly #scores: number[] = [];
  readonly #outcome = Promise.withResolvers<number[]>();
  #isFailed = false;

  constructor(query: string, passages: readonly string[]) {
    this.query = query;
    this.passages = passages;
  }

  get scores(): Promise<number[]> {
    return this.#outcome.promise;
  }

  /** The passage to score next. */
  get nextPassage(): string {
    return this.passages[this.#scores.length] ?? "";
  }

  /** Passages without a score that somebody still waits for. */
  get waitingCount(): number {
    return this.#isFailed ? 0 : this.passages.length - this.#scores.length;
  }

  deliver(score: number): void {
    this.#scores.push(score);
    if (this.waitingCount === 0) this.#outcome.resolve(this.#scores);
  }

  fail(error: unknown): void {
    this.#isFailed = true;
    this.#outcome.reject(error);
  }
}

/**
 * The thread holds one pair at a time; everything else waits here. A crash fails all calls, and after a delay the next call starts the
 * thread again.
 */
class ThreadedCrossEncoder implements CrossEncoder {
  readonly name: string;
  readonly #files: CrossEncoderFiles;
  readonly #startThread: StartCrossEncoderThread;
  /** The call whose turn is next comes first; the one whose pair runs is not among them. */
  #waiting: ScoreCall[] = [];
  #running: ScoreCall | undefined;
  #thread: { readonly worker: Worker; readonly exited: Promise<void> } | undefined;
  #isReady = false;
  #isClosed = false;
  #crashedAtMs = Number.NEGATIVE_INFINITY;

  constructor(files: CrossEncoderFiles, startThread: StartCrossEncoderThread) {
    this.name = files.name;
    this.#files = files;
    this.#startThread = startThread;
  }

  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#start({ onReady: resolve, onExit: reject });
    await promise.catch((cause: unknown) => {
      this.#isClosed = true;
      const why = messageOf(cause);
      throw new StartupError(
        `the cross-encoder ${this.#files.modelFile} cannot be loaded: ${why}; correct LLMEMORY_CROSS_ENCODER_DIR or unset it`,
        { details: { file: this.#files.modelFile }, cause },
      );
    });
  }

  async score(query: string, passages: readonly string[], signal: AbortSignal): Promise<number[]> {
    signal.throwIfAborted();
    if (passages.length === 0) return [];
    this.#refuseUnlessServed(passages.length);
    const call = new ScoreCall(query, passages);
    this.#waiting.push(call);
    const onAbort = () => call.fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#dispatch();
    try {
      return await call.scores;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#waiting = this.#waiting.filter((waiting) => waiting !== call);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#failAll(closedError());
    // Not `terminate()`, which in the middle of a run would abort the whole process (onnxruntime-node 1.30.0).
    this.#thread?.worker.postMessage("close" satisfies CrossEncoderThreadRequest);
    await this.#thread?.exited;
  }

  #refuseUnlessServed(passageCount: number): void {
    if (this.#isClosed) throw closedError();
    const waiting = this.#waiting.reduce((sum, call) => sum + call.waitingCount, this.#running?.waitingCount ?? 0);
    if (waiting + passageCount > limits.crossEncoderPairsMax)
      throw new ModelCallError("overloaded", `${waiting} pairs wait for the cross-encoder already`);
    if (this.#thread !== undefined) return;
    if (performance.now() - this.#crashedAtMs < limits.crossEncoderRestartMs)
      throw new ModelCallError("unavailable", "the cross-encoder has crashed");
    this.#start();
  }

  #start(watch: { onReady?: () => void; onExit?: (cause: unknown) => void } = {}): void {
    const { modelFile, tokenizer, positionsMax } = this.#files;
    const probe = encodePair(tokenizer, { query: "a", passage: "b", positionsMax });
    const worker = this.#startThread(threadFile, { modelFile, probe });
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    let failure: unknown;
    worker.on("message", (message: CrossEncoderThreadMessage) => {
      if (message.kind === "ready") watch.onReady?.();
      this.#onMessage(message);
    });
    worker.on("error", (error: unknown) => {
      failure = error;
    });
    // "exit" follows every "error", and comes alone when the thread has ended by itself.
    worker.on("exit", (exitCode) => {
      this.#onExit();
      watch.onExit?.(failure ?? new Error(`the thread ended with exit code ${exitCode}`));
      resolve();
    });
    this.#thread = { worker, exited };
  }

  #onMessage(message: CrossEncoderThreadMessage): void {
    const call = this.#running;
    this.#running = undefined;
    if (message.kind === "ready") this.#isReady = true;
    else call?.deliver(message.score);
    if (call !== undefined && call.waitingCount > 0) this.#waiting.push(call);
    this.#dispatch();
  }

  #onExit(): void {
    this.#thread = undefined;
    this.#isReady = false;
    if (this.#isClosed) return;
    this.#crashedAtMs = performance.now();
    this.#failAll(new ModelCallError("unavailable", "the cross-encoder has crashed"));
  }

  #dispatch(): void {
    if (!this.#isReady || this.#isClosed || this.#running !== undefined) return;
    const call = this.#waiting.shift();
    if (call === undefined) return;
    this.#running = call;
    const { tokenizer, positionsMax } = this.#files;
    const input = encodePair(tokenizer, { query: call.query, passage: call.nextPassage, positionsMax });
    this.#thread?.worker.postMessage(input satisfies CrossEncoderThreadRequest);
  }

  #failAll(error: ModelCallError): void {
    for (const call of this.#waiting.splice(0)) call.fail(error);
    this.#running?.fail(error);
    this.#running = undefined;
  }
}

function startWorker(file: URL, settings: CrossEncoderThreadSettings): Worker {
  return startModelThread(file, { workerData: settings, name: "cross-encoder" });
}

function closedError(): ModelCallError {
  return new ModelCallError("unavailable", "the cross-encoder is closed");
}
