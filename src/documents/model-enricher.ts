import type { Clock } from "../domain/clock.ts";
import { abortError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { Wakeup } from "../domain/wakeup.ts";
import type { ChatModel } from "../endpoint/chat-model.ts";
import { ModelCallError } from "../endpoint/model-call.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { PreparedChunk } from "../storage/diff-chunks.ts";
import type { ModelTexts } from "../storage/read-model-texts.ts";
import { enrichmentQuestion, type PassagesToEnrich } from "./enrichment-question.ts";

export interface ModelEnricherDeps {
  readonly chat: ChatModel;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Lets the chat model write of chunks, a few chunks per call and a few calls at once, for all adds of the process. A model that fails
 * several times in a row is left alone for a while, so that it keeps no add waiting.
 */
export class ModelEnricher {
  readonly model: string;
  readonly #deps: ModelEnricherDeps;
  readonly #timeoutMs: number;
  readonly #callEnded = new Wakeup();
  #running = 0;
  #failuresInRow = 0;
  #pausedUntilMs = 0;

  /** @param timeoutMs time for all of one document. */
  constructor(deps: ModelEnricherDeps, timeoutMs: number) {
    this.#deps = deps;
    this.#timeoutMs = timeoutMs;
    this.model = deps.chat.name;
  }

  /**
   * Writes of passages what the model gives in time.
   *
   * @param documentsAtOnce documents that are enriched at the same time, this one included: together they have the time of all.
   * @returns by the chunk's id; chunks without an entry are those for which it gave nothing.
   * @throws the domain error of `signal` if that one aborts; nothing else.
   */
  async write(asked: PassagesToEnrich, documentsAtOnce: number, signal: AbortSignal): Promise<Map<string, ModelTexts>> {
    const lateAtMs = performance.now() + this.#timeoutMs * documentsAtOnce;
    const written = new Map<string, ModelTexts>();
    const batches = batchesOf(asked.passages).values();
    const workOff = async () => {
      // Shared by all: each batch is taken once.
      for (const passages of batches) {
        const texts = await this.#ask({ ...asked, passages }, lateAtMs, signal);
        passages.forEach((chunk, index) => {
          const own = texts?.[index];
          if (own) written.set(chunk.chunkId, own);
        });
      }
    };
    await Promise.all(Array.from({ length: limits.enrichmentCallsMax }, workOff));
    return written;
  }

  /** Undefined if the model was not asked, or of no help. */
  async #ask(asked: PassagesToEnrich, lateAtMs: number, signal: AbortSignal): Promise<readonly ModelTexts[] | undefined> {
    const { chat, metrics, clock } = this.#deps;
    const isLate = () => performance.now() >= lateAtMs;
    while (this.#running >= limits.enrichmentCallsMax && !isLate() && !signal.aborted)
      await this.#callEnded.wait(Math.max(1, lateAtMs - performance.now()), signal);
    if (signal.aborted) throw abortError(signal);
    const isPaused = clock.now().getTime() < this.#pausedUntilMs;
    if (isPaused || isLate()) {
      metrics.enrichmentModelFailures.inc({ model: this.model, reason: isPaused ? "paused" : "late" });
      return undefined;
    }
    this.#running++;
    const startedMs = performance.now();
    try {
      const question = { ...enrichmentQuestion(asked), timeoutMs: Math.max(1, Math.ceil(lateAtMs - startedMs)) };
      const texts = await chat.answer(question, signal);
      this.#failuresInRow = 0;
      return texts;
    } catch (error) {
      if (!(error instanceof ModelCallError)) throw error;
      this.#hasFailed(error);
      return undefined;
    } finally {
      metrics.enrichmentModelDurationSeconds.observe({ model: this.model }, (performance.now() - startedMs) / 1_000);
      this.#running--;
      this.#callEnded.notify();
    }
  }

  #hasFailed(error: ModelCallError): void {
    const { metrics, logger, clock } = this.#deps;
    const { failure, status } = error;
    metrics.enrichmentModelFailures.inc({ model: this.model, reason: failure });
    logger.warn({ model: this.model, failure, status }, `the chat model gave nothing for chunks: ${error.message}`);
    // What it refuses is the text's fault.
    if (failure === "refused") return;
    this.#failuresInRow++;
    if (this.#failuresInRow >= limits.enrichmentFailuresMax)
      this.#pausedUntilMs = clock.now().getTime() + limits.enrichmentPauseMs;
  }
}

/** Chunks that stand side by side, a few at a time. */
function batchesOf(passages: readonly PreparedChunk[]): (readonly PreparedChunk[])[] {
  const batches: PreparedChunk[][] = [];
  for (const chunk of passages) {
    const batch = batches.at(-1);
    const isNext = batch?.at(-1)?.index === chunk.index - 1;
    if (batch && isNext && batch.length < limits.enrichmentBatchChunks) batch.push(chunk);
    else batches.push([chunk]);
  }
  return batches;
}
