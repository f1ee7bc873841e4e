/**
 * Chunking and language detection off the event loop: ten million characters take two seconds, during which the service must go on
 * answering. One thread is enough: it chunks faster than anything embeds.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { abortError, StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type {
  ChunkAnswer,
  ChunkerThreadSettings,
  ChunkReply,
  ChunkRequest,
  ChunkResult,
  FitRequest,
  FitResult,
  PrefixToFit,
} from "./text-chunker-protocol.ts";

/** Has a thread: close it. */
export interface TextChunker {
  /**
   * Cuts a text into chunks and detects its language unless it is given. Calls are answered in the order they were made; how many may
   * wait is the caller's to bound. A call that stops the thread, for want of memory say, fails alone: a new thread is started for the next.
   *
   * @throws the signal's domain error once it is aborted; work already begun is finished and dropped.
   */
  chunk(request: ChunkRequest, signal: AbortSignal): Promise<ChunkResult>;
  /** Shortens context prefixes that were written elsewhere to what the model takes beside their chunks; calls wait their turn as above. */
  fitPrefixes(prefixes: readonly PrefixToFit[], signal: AbortSignal): Promise<FitResult>;
  /** Stops the thread; calls that still wait fail. */
  close(): Promise<void>;
}

type Outcome = { readonly result: ChunkResult | FitResult } | { readonly error: unknown };

interface WaitingCall {
  readonly request: ChunkRequest | FitRequest;
  /** Was given to a thread that stopped: it may be the one that stopped it. */
  isSuspect?: boolean;
  readonly settle: (outcome: Outcome) => void;
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

/**
 * One thread, to which one call at a time is given, so that an aborted call that still waits costs nothing; short ones go together, since
 * a message between threads takes as long as cutting two kilobytes.
 */
class ThreadedTextChunker implements TextChunker {
  readonly #settings: ChunkerThreadSettings;
  readonly #waiting: WaitingCall[] = [];
  #running: readonly WaitingCall[] = [];
  #thread: Promise<Worker> | undefined;
  #isClosed = false;

  constructor(settings: ChunkerThreadSettings) {
    this.#settings = settings;
  }

  async start(): Promise<void> {
    this.#thread ??= this.#startThread();
    await this.#thread;
  }

  async chunk(request: ChunkRequest, signal: AbortSignal): Promise<ChunkResult> {
    // The thread answers a request with the result of its kind.
    return (await this.#call(request, signal)) as ChunkResult;
  }

  async fitPrefixes(prefixes: readonly PrefixToFit[], signal: AbortSignal): Promise<FitResult> {
    return (await this.#call({ prefixes }, signal)) as FitResult;
  }

  #call(request: ChunkRequest | FitRequest, signal: AbortSignal): Promise<ChunkResult | FitResult> {
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
    this.#settleRunning(this.#running.map(() => ({ error: closedError() })));
    const thread = await this.#thread?.catch(() => undefined);
    await thread?.terminate();
  }

  #runNext(): void {
    if (this.#running.length > 0 || this.#waiting.length === 0 || this.#isClosed) return;
    const calls = this.#takeCalls();
    this.#running = calls;
    this.#thread ??= this.#startThread();
    this.#thread.then(
      (thread) => thread.postMessage(calls.map(({ request }) => request)),
      (error: unknown) => this.#settleRunning(calls.map(() => ({ error }))),
    );
  }

  /** The first call, and those behind it as long as all are short together. */
  #takeCalls(): WaitingCall[] {
    let count = 1;
    const [first, second] = this.#waiting;
    if (first && second && !first.isSuspect) {
      let chars = charsOf(first);
      for (const next of this.#waiting.slice(1)) {
        chars += charsOf(next);
        if (next.isSuspect || chars > limits.chunkerMessageCharsMax) break;
        count++;
      }
    }
    return this.#waiting.splice(0, count);
  }

  /** Ends the calls that the thread works on, if there are any, and goes on with the next. */
  #settleRunning(outcomes: readonly Outcome[]): void {
    const calls = this.#running;
    this.#running = [];
    calls.forEach((call, index) => {
      const outcome = outcomes[index];
      if (outcome) call.settle(outcome);
    });
    this.#runNext();
  }

  /** A call that was alone with the thread has stopped it; of several each is tried alone. */
  #threadStopped(error: Error): void {
    if (this.#running.length > 1) {
      this.#waiting.unshift(...this.#running.map((call) => Object.assign(call, { isSuspect: true })));
      this.#running = [];
    }
    this.#settleRunning(this.#running.map(() => ({ error })));
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
        } else this.#settleRunning(reply.answers.map(toOutcome));
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
        else this.#threadStopped(new Error(`${message}; the next call starts a new one`, { cause: stoppedBy }));
      });
    });
  }
}

function toOutcome(answer: ChunkAnswer): Outcome {
  if (answer.kind === "result") return { result: answer.result };
  return { error: new Error("the text could not be chunked", { cause: answer.error }) };
}

function charsOf({ request }: WaitingCall): number {
  return "content" in request ? request.content.length : request.prefixes.length * limits.contextPrefixTokensMax;
}

function closedError(): Error {
  return new Error("the text chunker is closed");
}
