import { LimitExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import type { Database } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { countWaiting } from "../storage/waiting-chunks.ts";

/** What may be in flight on one ingest stream. */
export interface StreamWindow {
  readonly items: number;
  readonly bytes: number;
}

/** Beyond this share of its bound the embedding queue makes windows smaller. */
const calmShare = 0.5;
/** The queue is counted so far beyond its bound, which is enough to tell how long it takes to get below. */
const countedShare = 1.25;
/** Where adds are let in again with room to spare, so that they do not come back to a full queue. */
const roomyShare = 0.9;
/** How much the latest measurement of the embedders' rate counts. */
const rateWeight = 0.3;

/**
 * How much the service takes in: as much as is embedded in time. The embedding queue is database-wide and has a bound; what this
 * process knows of its length is about a second old. Above half the bound the windows of streams shrink; at the bound single adds
 * are refused, and streams are down to one item per second.
 */
export class Intake {
  readonly #deps: { readonly database: Database; readonly table: Pick<EmbeddingTable, "modelId">; readonly logger: Logger };
  readonly #queueMax: number;
  #openStreams = 0;
  #counted = 0;
  #countedAtMs: number | undefined;
  #nextCountMs = 0;
  #isCounting = false;
  /** Jobs that this process has made since the queue was counted. */
  #addedSince = 0;
  #embeddedPerSecond = 0;

  /** @param options.queueMax jobs that may wait, of all owners. */
  constructor(
    deps: { readonly database: Database; readonly table: Pick<EmbeddingTable, "modelId">; readonly logger: Logger },
    options: { readonly queueMax: number },
  ) {
    this.#deps = deps;
    this.#queueMax = options.queueMax;
  }

  /** Whether as many jobs wait as may. */
  get isFull(): boolean {
    return this.#queueLength() >= this.#queueMax;
  }

  /** What each of the open streams may have in flight now. */
  get window(): StreamWindow {
    const room = 1 - this.#queueLength() / this.#queueMax;
    const share = Math.min(1, Math.max(0, room / (1 - calmShare)));
    // In steps of two, so that a window does not change with every count.
    const items = share === 0 ? 1 : Math.max(1, 2 ** Math.floor(Math.log2(limits.streamWindowItems * share)));
    const bytes = Math.min(limits.streamWindowBytes, limits.streamsBytesMax / Math.max(1, this.#openStreams));
    const bytesShare = Math.floor((bytes * items) / limits.streamWindowItems);
    return { items, bytes: Math.max(limits.streamBatchBytesMax, bytesShare) };
  }

  /** @throws LimitExceededError with the time after which there should be room, if the queue is full. */
  requireRoom(): void {
    const length = this.#queueLength();
    if (length < this.#queueMax) return;
    const message = `${length} chunks wait for their embedding, and ${this.#queueMax} may (LLMEMORY_EMBEDDING_QUEUE_MAX); nothing was stored, try again later`;
    const seconds = (length - this.#queueMax * roomyShare) / Math.max(this.#embeddedPerSecond, Number.EPSILON);
    const retryAfterMs = Math.min(
      limits.embeddingQueueRetryMsMax,
      Math.max(limits.embeddingQueueRetryMsMin, Math.ceil(seconds * 1_000)),
    );
    throw new LimitExceededError("EMBEDDING_QUEUE_FULL", message, retryAfterMs);
  }

  /** Tells of embedding jobs that this process has made, which the next count finds as well. */
  added(jobs: number): void {
    this.#addedSince += jobs;
  }

  /** Counts the queue now, unless that is being done; if it cannot be counted, its last length stands. */
  async count(): Promise<void> {
    if (this.#isCounting) return;
    this.#isCounting = true;
    const startedMs = performance.now();
    const addedBefore = this.#addedSince;
    const { database, table, logger } = this.#deps;
    try {
      const countMax = Math.ceil(this.#queueMax * countedShare);
      const signal = AbortSignal.timeout(limits.embeddingQueueCountTimeoutMs);
      const counted = await countWaiting(database, table.modelId, countMax, signal);
      this.#observeRate(this.#counted + addedBefore - counted, startedMs);
      this.#counted = counted;
      // What was added while it was counted may be counted twice, until the next time.
      this.#addedSince -= addedBefore;
    } catch (error) {
      logger.warn({ err: error }, "the embedding queue could not be counted");
    } finally {
      const endedMs = performance.now();
      this.#nextCountMs = endedMs + Math.max(limits.embeddingQueueCountMs, 20 * (endedMs - startedMs));
      this.#isCounting = false;
    }
  }

  /**
   * Counts a stream that is open, among which the memory for all is divided.
   *
   * @returns to be called when it is closed.
   * @throws LimitExceededError if too many are open.
   */
  openStream(): () => void {
    if (this.#openStreams >= limits.streamsOpenMax) {
      throw new LimitExceededError("TOO_MANY_STREAMS", `${this.#openStreams} ingest streams are open; try again later`, 1_000);
    }
    this.#openStreams++;
    return () => {
      this.#openStreams--;
    };
  }

  /** As far as it is known; a count that has become old is made again in the background. */
  #queueLength(): number {
    if (performance.now() >= this.#nextCountMs) void this.count();
    return this.#counted + this.#addedSince;
  }

  /** @param embedded jobs that are gone since the last count; what other processes have added hides as many. */
  #observeRate(embedded: number, nowMs: number): void {
    if (this.#countedAtMs !== undefined) {
      const perSecond = Math.max(0, embedded) / ((nowMs - this.#countedAtMs) / 1_000);
      this.#embeddedPerSecond += rateWeight * (perSecond - this.#embeddedPerSecond);
    }
    this.#countedAtMs = nowMs;
  }
}
