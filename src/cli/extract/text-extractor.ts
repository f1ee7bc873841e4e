import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { limits } from "../../domain/limits.ts";
import { formatBytes } from "../format/quantities.ts";
import { decodeText } from "./decode-text.ts";
import { emailText } from "./email-text.ts";
import { ExtractionError } from "./extraction-error.ts";
import type { ExtractionReply, ExtractionRequest } from "./extraction-thread.ts";
import type { FileFormat } from "./file-kinds.ts";

/** A PDF or DOCX holds pictures and fonts as well, so it may be much larger than its text. */
const fileBytesMax = 100 * 1024 * 1024;
const extractionTimeoutMs = 60_000;

/**
 * Takes the text out of files, one at a time. Formats whose libraries could loop or run out of memory on a hostile file are read
 * in a thread of its own, which is ended after a minute; the next file gets a new one.
 */
export class TextExtractor implements AsyncDisposable {
  readonly #timeoutMs: number;
  #thread: Worker | undefined;

  constructor(options: { readonly timeoutMs?: number } = {}) {
    this.#timeoutMs = options.timeoutMs ?? extractionTimeoutMs;
  }

  /**
   * The text of a file; never empty.
   *
   * @throws ExtractionError if there is none, or the file cannot be read.
   */
  async extractFile(path: string, format: FileFormat, signal: AbortSignal): Promise<string> {
    return this.extract(await readBounded(path, format, signal), format, signal);
  }

  /** The same for bytes that did not come from a file. */
  async extract(bytes: Uint8Array, format: FileFormat, signal: AbortSignal): Promise<string> {
    const text = await this.#textOf(bytes, format, signal);
    if (text.trim() !== "") return text;
    throw new ExtractionError(format === "pdf" ? "no text found (a scanned PDF?)" : "no text found");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  async #textOf(bytes: Uint8Array, format: FileFormat, signal: AbortSignal): Promise<string> {
    if (format === "text") return decodeText(bytes);
    if (format === "email") return emailText(bytes, (html) => this.#inThread({ format: "html", source: html }, signal));
    return this.#inThread({ format, source: format === "html" ? decodeText(bytes) : bytes }, signal);
  }

  async #inThread(request: ExtractionRequest, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    this.#thread ??= startThread();
    const thread = this.#thread;
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      const reply = await replyOf(thread, request, AbortSignal.any([signal, timeout]));
      if ("problem" in reply) throw new ExtractionError(reply.problem);
      return reply.text;
    } catch (error) {
      if (error instanceof ExtractionError) throw error;
      // The thread is busy still, or has ended.
      this.#thread = undefined;
      await thread.terminate();
      signal.throwIfAborted();
      const problem = timeout.aborted ? `took longer than ${this.#timeoutMs / 1_000} seconds` : "could not be read";
      throw new ExtractionError(problem, { cause: error });
    }
  }
}

async function readBounded(path: string, format: FileFormat, signal: AbortSignal): Promise<Uint8Array> {
  const bytesMax = format === "text" ? limits.contentBytesMax : fileBytesMax;
  try {
    const stats = await stat(path);
    // Reading a pipe or a device might never end.
    if (!stats.isFile())
      throw new ExtractionError(stats.isDirectory() ? "is a folder; use llmemory ingest" : "is not a regular file");
    if (stats.size > bytesMax)
      throw new ExtractionError(`has ${formatBytes(stats.size)}; at most ${formatBytes(bytesMax)} are taken`);
    if (stats.size === 0) throw new ExtractionError("is empty");
    return await readFile(path, { signal });
  } catch (error) {
    if (error instanceof ExtractionError || signal.aborted) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reasons: Record<string, string> = { ENOENT: "does not exist", EACCES: "may not be read (permission denied)" };
    throw new ExtractionError(reasons[code] ?? `could not be read (${code || String(error)})`, { cause: error });
  }
}

function startThread(): Worker {
  // The built package runs .js, the source .ts.
  const url = new URL(`./extraction-thread${extname(import.meta.url)}`, import.meta.url);
  const thread = new Worker(url, { resourceLimits: { maxOldGenerationSizeMb: 1_024 }, stdout: true, stderr: true });
  // What the libraries print would tear up the progress bar; the reply says what went wrong.
  thread.stdout.resume();
  thread.stderr.resume();
  thread.unref();
  return thread;
}

function replyOf(thread: Worker, request: ExtractionRequest, signal: AbortSignal): Promise<ExtractionReply> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      thread.off("message", onMessage).off("error", onError).off("exit", onExit);
      signal.removeEventListener("abort", onAbort);
      thread.unref();
      finish();
    };
    const onMessage = (reply: ExtractionReply) => settle(() => resolve(reply));
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = (exitCode: number) => settle(() => reject(new Error(`the extraction thread ended with ${exitCode}`)));
    const onAbort = () => settle(() => reject(signal.reason as Error));
    thread.on("message", onMessage).on("error", onError).on("exit", onExit);
    signal.addEventListener("abort", onAbort, { once: true });
    thread.ref();
    thread.postMessage(request);
  });
}
