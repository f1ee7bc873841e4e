/**
 * Chunking and language detection off the event loop: ten million characters take two seconds, during which the service must go on
 * answering. One thread is enough: it chunks faster than anything embeds.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { abortError, StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { ChunkerThreadSettings, ChunkReply, ChunkRequest, ChunkResult } from "./text-chunker-protocol.ts";

/** Has a thread: close it. */
export interface TextChunker {
  /**
   * Cuts a text into chunks and detects its language unless it is given. Calls are answered in the order they were made; how many may
   * wait is the caller's to bound. A call that stops the thread, for want of memory say, fails alone: a new thread is started for the next.
   *
   * @throws the signal's domain error once it is aborted; work already begun is finished and dropped.
   */
  chunk(request: ChunkRequest, signal: AbortSignal): Promise<ChunkResult>;
  /** Stops the thread; calls that still wait fail. */
  close(): Promise<void>;
}

interface WaitingCall {
  readonly request: ChunkRequest;
  readonly settle: (outcome: { result: ChunkResult } | { error: unknown }) => void;
}

// In the package the files are compiled.
const threadUrl = new URL(`./text-chunker-thread${extname(import.meta.url)}`, import.meta.url);

// A text of ten million characters that are two million messages takes 1.6 GB; beyond this the thread dies and not the service.
const threadMemoryMiB = 2_048;

/**
 * @returns once the thread has loaded the tokenizer.
 * @throws StartupError if it cannot.
 */
export async function startTextChunker(settings: ChunkerThreadSettings): Promise<TextChunker> {
  const chunker = new ThreadedTextChunker(settings);
  await chunker.start();
  return chunker;
}

/** One thread, to which one call at a time is given, so that an aborted call that still waits costs nothing. */
class ThreadedTextChunker implements TextChunker {
  readonly #settings: ChunkerThreadSettings;
  readonly #waiting: WaitingCall[] = [];
  #running: WaitingCall | undefined;
  #thread: Promise<Worker> | undefined;
  #isClosed = false;

  constructor(settings: ChunkerThreadSettings) {
    this.#settings = settings;
  }

  async start(): Promise<void> {
    this.#thread ??= this.#startThread();
    await this.#thread;
  }

  chunk(request: ChunkRequest, signal: AbortSignal): Promise<ChunkResult> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortError(signal));
      if (this.#isClosed) return reject(closedError());
      const abort = () => {
        const index = this.#waiting.indexOf(call);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(abortError(signal));
      };
      const call: WaitingCall = {
        request,
        settle: (outcome) => {
          signal.removeEventListener("abort", abort);
          if ("result" in outcome) resolve(outcome.result);
          else reject(outcome.error);
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(call);
      this.#runNext();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const call of this.#waiting.splice(0)) call.settle({ error: closedError() });
    this.#settleRunning({ error: closedError() });
    const thread = await this.#thread?.catch(() => undefined);
    await thread?.terminate();
  }

  #runNext(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    const call = this.#waiting.shift();
    if (call === undefined) return;
    this.#running = call;
    this.#thread ??= this.#startThread();
    this.#thread.then(
      (thread) => thread.postMessage(call.request),
      (error: unknown) => this.#settleRunning({ error }),
    );
  }

  /** Ends the call that the thread works on, if there is one, and goes on with the next. */
  #settleRunning(outcome: { result: ChunkResult } | { error: unknown }): void {
    const call = this.#running;
    this.#running = undefined;
    call?.settle(outcome);
    this.#runNext();
  }

  #startThread(): Promise<Worker> {
    const thread = new Worker(threadUrl, {
      workerData: this.#settings,
      resourceLimits: { maxOldGenerationSizeMb: threadMemoryMiB, maxYoungGenerationSizeMb: limits.threadYoungGenerationMiB },
      name: "text-chunker",
    });
    return new Promise((resolve, reject) => {
      let isReady = false;
      let stoppedBy: unknown;
      thread.on("message", (reply: ChunkReply) => {
        if (reply.kind === "ready") {
          isReady = true;
          resolve(thread);
        } else if (reply.kind === "result") this.#settleRunning({ result: reply.result });
        else this.#settleRunning({ error: new Error("the text could not be chunked", { cause: reply.error }) });
      });
      // Always followed by the exit.
      thread.on("error", (error) => {
        stoppedBy = error;
      });
      thread.on("exit", (exitCode) => {
        this.#thread = undefined;
        const message = `the text chunker's thread stopped with code ${exitCode}`;
        // Before it was ready, the call that waits for the thread learns it from the promise.
        if (!isReady)
          reject(new StartupError(`${message}; check the tokenizer ${this.#settings.tokenizerPath}`, { cause: stoppedBy }));
        else this.#settleRunning({ error: new Error(`${message}; the next call starts a new one`, { cause: stoppedBy }) });
      });
    });
  }
}

function closedError(): Error {
  return new Error("the text chunker is closed");
}
