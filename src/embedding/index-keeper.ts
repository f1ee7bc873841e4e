import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../domain/clock.ts";
import { limits } from "../domain/limits.ts";
import type { OwnerNotices } from "../domain/owner-notices.ts";
import { Wakeup } from "../domain/wakeup.ts";
import type { Logger } from "../observability/logger.ts";
import type { Database } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import {
  changeMembership,
  exactChunksMax,
  findLargeOwners,
  findOwnersToIndex,
  findOwnersToUnindex,
} from "../storage/index-membership.ts";
import { countLexemes, findUncountedCorpora } from "../storage/owner-lexemes.ts";
import { buildMissingIndexes, buildWithBacklog } from "./build-vector-index.ts";

export interface IndexKeeperDeps {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tells of vectors that clients gave; without it they are found by the next sweep, as those of other processes are. */
  readonly vectorsGiven?: OwnerNotices | undefined;
}

/** One owner's rows on their way into the approximate index, or out of it. */
interface Task {
  readonly indexed: boolean;
  /** Where the last batch ended. */
  readonly afterChunkId: string | undefined;
  /** Rows may have arrived behind that place. */
  readonly isStale: boolean;
}

/**
 * Puts the vectors of large owners into the approximate index and takes those of owners that have shrunk out of it, and counts the words
 * of owners that are too large to be read whole, until it is stopped. Owners take turns, a batch each. It rests as long as it works, so that at least half of one connection's time is left, and
 * of the embedded database's time. Owners that are being loaded are left alone until that has ended; where much has come together, a
 * partition's index is built anew with it. Nothing is lost with it: what is to be done is found again by a sweep, at start and every
 * ten minutes, and any number of keepers may run, in any number of processes.
 */
export class IndexKeeper {
  readonly #deps: IndexKeeperDeps;
  readonly #chunksMax: number;
  readonly #batchRows: number;
  readonly #stopping = new AbortController();
  readonly #wakeup = new Wakeup();
  readonly #unchecked = new Set<string>();
  /** In the order of their turns. */
  readonly #tasks = new Map<string, Task>();
  #sweepAt = 0;
  /** Whether a sweep found more owners than are remembered at once. */
  #hasMore = false;
  readonly #running: Promise<void>;
  readonly #stopListening: (() => void) | undefined;

  /** @param chunksMax for tests: the switch, if not that of the table. */
  constructor(deps: IndexKeeperDeps, chunksMax = exactChunksMax(deps.table, deps.database.kind)) {
    this.#deps = deps;
    this.#chunksMax = chunksMax;
    this.#batchRows = deps.database.kind === "embedded" ? limits.indexBatchRowsEmbedded : limits.indexBatchRows;
    this.#stopListening = deps.vectorsGiven?.listen((ownerIds) => this.vectorsStored(ownerIds));
    this.#running = this.#run();
  }

  /** Tells that vectors of these owners were stored. */
  vectorsStored(ownerIds: Iterable<string>): void {
    for (const ownerId of ownerIds) if (this.#unchecked.size < limits.indexOwnersMax) this.#unchecked.add(ownerId);
    this.#wakeup.notify();
  }

  /** Ends as soon as it can: a batch under way is undone. */
  async stop(): Promise<void> {
    this.#stopListening?.();
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        if (performance.now() >= this.#sweepAt || (this.#hasMore && this.#tasks.size === 0)) await this.#sweep(signal);
        if (this.#unchecked.size > 0) await this.#check(signal);
        if (this.#tasks.size > 0) await this.#takeTurn(signal);
        else await this.#wakeup.wait(Math.max(1, this.#sweepAt - performance.now()), signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#deps.logger.warn({ err: error }, "the approximate index could not be kept up to date; it is tried again");
        await this.#rest(limits.embeddingPollMs, signal);
      }
    }
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { database, table } = this.#deps;
    const count = limits.indexOwnersMax;
    await buildMissingIndexes(this.#deps, signal);
    const due = { chunksMax: this.#chunksMax, count, loadingAt: this.#deps.clock.now() };
    const grown = await findOwnersToIndex(database, table, due, signal);
    const shrunk = await findOwnersToUnindex(database, table, { chunksBelow: this.#chunksMax / 2, count }, signal);
    for (const ownerId of grown) this.#addTask(ownerId, true);
    for (const ownerId of shrunk) this.#addTask(ownerId, false);
    this.#hasMore = grown.length === count || shrunk.length === count;
    await this.#countWords(undefined, signal);
    this.#sweepAt = performance.now() + limits.indexSweepMs;
  }

  async #check(signal: AbortSignal): Promise<void> {
    const ownerIds = [...this.#unchecked];
    const large = await this.#findDue(ownerIds, signal);
    for (const ownerId of ownerIds) this.#unchecked.delete(ownerId);
    for (const ownerId of large) this.#addTask(ownerId, true);
    await this.#countWords(ownerIds, signal);
  }

  /** Those of the owners that are large and not being loaded. */
  async #findDue(ownerIds: readonly string[], signal: AbortSignal): Promise<string[]> {
    const options = { chunksMax: this.#chunksMax, loadingAt: this.#deps.clock.now() };
    return await findLargeOwners(this.#deps.database, ownerIds, options, signal);
  }

  /** Words of large owners are counted beforehand, too: of those given, or of all if undefined. */
  async #countWords(ownerIds: readonly string[] | undefined, signal: AbortSignal): Promise<void> {
    const { database } = this.#deps;
    const due = { ownerIds, chunksMax: limits.leavesReadMax, count: limits.indexOwnersMax, loadingAt: this.#deps.clock.now() };
    for (const corpus of await findUncountedCorpora(database, due, signal)) {
      const started = performance.now();
      await countLexemes(database, corpus, signal);
      await this.#rest(performance.now() - started, signal);
    }
  }

  #addTask(ownerId: string, indexed: boolean): void {
    const task = this.#tasks.get(ownerId);
    if (task?.indexed === indexed) this.#tasks.set(ownerId, { ...task, isStale: true });
    else this.#tasks.set(ownerId, { indexed, afterChunkId: undefined, isStale: false });
  }

  /** One batch of the owner whose turn it is; an owner with more to do goes to the end of the queue. */
  async #takeTurn(signal: AbortSignal): Promise<void> {
    const [ownerId, task] = this.#tasks.entries().next().value ?? [];
    if (ownerId === undefined || task === undefined) return;
    const started = performance.now();
    const { database, table } = this.#deps;
    const { indexed, afterChunkId } = task;
    if (indexed && (await this.#isSpared(ownerId, task, signal))) {
      this.#tasks.delete(ownerId);
      return;
    }
    const done = await changeMembership(database, table, { ownerId, indexed, afterChunkId, count: this.#batchRows }, signal);
    this.#tasks.delete(ownerId);
    if (done.count === this.#batchRows) this.#tasks.set(ownerId, { ...task, afterChunkId: done.lastChunkId });
    else if (task.isStale) this.#tasks.set(ownerId, { indexed, afterChunkId: undefined, isStale: false });
    await this.#rest(performance.now() - started, signal);
  }

  /** Whether putting in row by row is not for now, since the owner is being loaded, or needless, since all of them were put in by a build. */
  async #isSpared(ownerId: string, task: Task, signal: AbortSignal): Promise<boolean> {
    if ((await this.#findDue([ownerId], signal)).length === 0) return true;
    return (
      task.afterChunkId === undefined && (await buildWithBacklog(this.#deps, { ownerId, chunksMax: this.#chunksMax }, signal))
    );
  }

  async #rest(durationMs: number, signal: AbortSignal): Promise<void> {
    await sleep(durationMs, undefined, { signal }).catch(() => undefined);
  }
}
