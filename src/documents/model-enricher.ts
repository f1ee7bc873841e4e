import { abortError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { Wakeup } from "../domain/wakeup.ts";
import { CircuitBreaker } from "../embedding/circuit-breaker.ts";
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
  readonly #breaker = new CircuitBreaker({ failuresMax: limits.enrichmentFailuresMax, restMs: limits.enrichmentPauseMs });
  #running = 0;

  /** @param timeoutMs time for all of one document, and for each call. */
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
    const { chat, metrics } = this.#deps;
    const isLate = () => performance.now() >= lateAtMs;
    while (this.#running >= limits.enrichmentCallsMax && !isLate() && !signal.aborted)
      await this.#callEnded.wait(Math.max(1, lateAtMs - performance.now()), signal);
    if (signal.aborted) throw abortError(signal);
    const whyNot = isLate() ? "late" : this.#breaker.enter() > 0 ? "paused" : undefined;
    if (whyNot) {
      metrics.enrichmentModelFailures.inc({ model: this.model, reason: whyNot });
      return undefined;
    }
    this.#running++;
    const startedMs = performance.now();
    const timeoutMs = Math.max(1, Math.ceil(Math.min(this.#timeoutMs, lateAtMs - startedMs)));
    let outcome: "success" | "failure" | undefined;
    try {
      const texts = await chat.answer({ ...enrichmentQuestion(asked), timeoutMs }, signal);
      outcome = "success";
      return texts;
    } catch (error) {
      if (!(error instanceof ModelCallError)) throw error;
      this.#report(error);
      // What it refuses is the text's fault, and a call for which little time was left is not the model's.
      const isItsOwn = error.failure === "timeout" ? timeoutMs >= this.#timeoutMs / 2 : error.failure !== "refused";
      outcome = isItsOwn ? "failure" : undefined;
      return undefined;
    } finally {
      metrics.enrichmentModelDurationSeconds.observe({ model: this.model }, (performance.now() - startedMs) / 1_000);
      this.#breaker.settle(outcome);
      this.#running--;
      this.#callEnded.notify();
    }
  }

  #report({ failure, status, message }: ModelCallError): void {
    const { metrics, logger } = this.#deps;
    metrics.enrichmentModelFailures.inc({ model: this.model, reason: failure });
    logger.warn({ model: this.model, failure, status }, `the chat model gave nothing for chunks: ${message}`);
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
