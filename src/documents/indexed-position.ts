import { limits } from "../domain/limits.ts";
import { Wakeup } from "../domain/wakeup.ts";
import type { QueueFronts } from "./queue-fronts.ts";

/** Up to where vector search finds all documents of a stream. */
export interface IndexedProgress {
  readonly indexedUpTo: number;
  /** Chunks that the owner stored by then and that are the exception, since their embedding failed for good. */
  readonly deadChunks: number;
}

export interface IndexedPositionDeps {
  readonly queueFronts: QueueFronts;
  readonly jobsSettled: Wakeup;
}

/** A position, and the greatest chunk id that the stream's documents up to it can have. */
interface Step {
  readonly upToSequence: number;
  readonly newestChunkId: string;
}

/**
 * Follows how far the documents of an ingest stream are indexed. Chunk ids grow with time, so a position is indexed once the oldest
 * chunk of the owner that still waits is younger than the position: one look at the front of the owner's queue tells it, however many
 * documents are under way, and whoever stored what is before them. What other writers of the owner stored earlier is thereby waited
 * for as well.
 */
export class IndexedPosition {
  readonly #deps: IndexedPositionDeps;
  readonly #ownerId: string;
  readonly #committed = new Wakeup();
  /** Oldest first. */
  #steps: Step[] = [];
  #hasEnded = false;

  constructor(deps: IndexedPositionDeps, ownerId: string) {
    this.#deps = deps;
    this.#ownerId = ownerId;
  }

  /**
   * Tells of a position that has become durable.
   *
   * @param newestChunkId no chunk of the documents up to it has a greater id; empty: they have none that could wait.
   */
  add(upToSequence: number, newestChunkId: string): void {
    const newestBefore = this.#steps.at(-1)?.newestChunkId ?? "";
    this.#steps.push({ upToSequence, newestChunkId: newestBefore > newestChunkId ? newestBefore : newestChunkId });
    // A step covers all before it, so that leaving some out makes the others only coarser.
    if (this.#steps.length > limits.streamIndexedStepsMax) this.#steps = this.#steps.filter((_, index) => index % 2 === 0);
    this.#committed.notify();
  }

  /** No more positions will come: `changes` ends once the last one is indexed. */
  end(): void {
    this.#hasEnded = true;
    this.#committed.notify();
  }

  /** Each position that is found indexed; ends also when the signal aborts. */
  async *changes(signal: AbortSignal): AsyncGenerator<IndexedProgress> {
    const { queueFronts, jobsSettled } = this.#deps;
    const pause = new Wakeup();
    while (!signal.aborted) {
      if (this.#steps.length === 0) {
        if (this.#hasEnded) return;
        await this.#committed.wait(limits.streamIdleMs, signal);
        continue;
      }
      const { count } = jobsSettled;
      // A position that is added meanwhile may not be in what the look sees.
      const last = this.#steps.at(-1)?.upToSequence ?? 0;
      const startedMs = performance.now();
      const { oldest, dead } = await queueFronts.look(this.#ownerId);
      const lookMs = performance.now() - startedMs;
      const reached = this.#takeReached(last, oldest);
      if (reached) yield { indexedUpTo: reached.upToSequence, deadChunks: dead };
      else if (jobsSettled.count === count) await jobsSettled.wait(limits.streamIndexedPollMs, signal);
      // Over many dead chunks a look may take long: then looking takes at most a tenth of the time.
      const pauseMs = dead > 0 ? Math.max(limits.streamIndexedLookMsMin, 10 * lookMs) : limits.streamIndexedLookMsMin;
      if (this.#steps.length > 0) await pause.wait(pauseMs, signal);
    }
  }

  /** Takes the steps that are reached, of those up to `last`; the last of them covers the others. */
  #takeReached(last: number, oldest: string | undefined): Step | undefined {
    const isReached = (step: Step) => step.upToSequence <= last && (oldest === undefined || step.newestChunkId < oldest);
    const firstWaiting = this.#steps.findIndex((step) => !isReached(step));
    return this.#steps.splice(0, firstWaiting < 0 ? this.#steps.length : firstWaiting).at(-1);
  }
}
