import type { Clock } from "../domain/clock.ts";
import { DomainError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import { deleteExpiredSearches, insertSearches, type SearchRecord, trimSearches } from "../storage/search-history.ts";
import type { SearchAnswer, SearchQuery } from "./search-query.ts";

export interface SearchHistoryDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const dayMs = 24 * 60 * 60 * 1_000;

/**
 * Remembers searches: what was asked and which chunks were found. No search waits for it: records are collected and written together,
 * about once a second. What it holds is bounded, in memory and in the database; what does not fit into memory while the database is
 * down is dropped and counted.
 */
export class SearchHistory {
  /** Whether searches are remembered at all. */
  readonly isOn: boolean;
  readonly #deps: SearchHistoryDeps;
  readonly #days: number;
  /** Waiting or being written, oldest first. */
  #buffer: SearchRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  /** Searches per owner that were written since the owner's history was last trimmed. */
  readonly #untrimmed = new Map<string, number>();
  readonly #givingUp = new AbortController();
  #isStopped = false;
  #isFailing = false;

  /** @param options.days how long searches are kept; 0: none are, and those that are there are deleted. */
  constructor(deps: SearchHistoryDeps, options: { readonly days: number }) {
    this.#deps = deps;
    this.#days = options.days;
    this.isOn = options.days > 0;
  }

  /** Remembers a search that is answered; returns at once. */
  record(query: SearchQuery, answer: SearchAnswer, durationMs: number): void {
    if (!this.isOn) return;
    if (this.#isStopped || this.#buffer.length >= limits.searchHistoryBufferMax) {
      this.#deps.metrics.searchHistoryDropped.inc();
      return;
    }
    this.#buffer.push({
      ownerId: query.ownerId,
      searchId: answer.searchId,
      queryText: query.queryText,
      searchType: query.searchType,
      plan: answer.receipt.plan,
      limit: query.limit,
      chunkIds: answer.hits.map((hit) => hit.chunkId),
      scores: answer.hits.map((hit) => hit.score),
      durationMs,
      createdAt: this.#deps.clock.now(),
    });
    if (this.#buffer.length >= limits.searchHistoryBatchSize && !this.#isFailing) void this.flush();
    else this.#flushLater();
  }

  /** Whether a search is remembered here but may not be in the database yet. */
  holds(searchId: string): boolean {
    return this.#buffer.some((search) => search.searchId === searchId);
  }

  /** Writes what is remembered now; never rejects. What could not be written is tried again later. */
  flush(): Promise<void> {
    if (this.#buffer.length === 0) return Promise.resolve();
    this.#writing ??= this.#write();
    return this.#writing;
  }

  /** Deletes what is too old, and what is too much of owners that have searched since; never rejects. */
  async sweep(): Promise<void> {
    const { database, clock, logger } = this.#deps;
    try {
      await deleteExpiredSearches(database, new Date(clock.now().getTime() - this.#days * dayMs), this.#givingUp.signal);
    } catch (error) {
      logger.warn({ err: error }, "expired searches could not be deleted from the history");
    }
    await this.#trim([...this.#untrimmed.keys()]);
  }

  /** Writes what is left, for as long as a stop may take. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const timer = setTimeout(() => this.#givingUp.abort(), limits.searchHistoryStopMs);
    await this.flush();
    clearTimeout(timer);
    clearTimeout(this.#timer);
    this.#drop(this.#buffer.length);
  }

  #flushLater(): void {
    if (this.#isStopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, limits.searchHistoryFlushMs);
  }

  async #write(): Promise<void> {
    try {
      while (this.#buffer.length > 0) {
        const batch = this.#buffer.slice(0, limits.searchHistoryBatchSize);
        if (!(await this.#insert(batch))) return this.#flushLater();
        await this.#count(batch);
      }
    } finally {
      // Before the promise is settled, so that a record which comes in between is not left to a run that is over.
      this.#writing = undefined;
    }
  }

  /** Stores a batch and takes it out of the buffer; false if the database cannot store anything now. */
  async #insert(batch: readonly SearchRecord[]): Promise<boolean> {
    const { database, logger } = this.#deps;
    try {
      await insertSearches(database, batch, this.#givingUp.signal);
      this.#buffer.splice(0, batch.length);
    } catch (error) {
      // Domain errors tell of a database that is away or busy; any other error would come again with these records.
      if (error instanceof DomainError) {
        if (!this.#isFailing) logger.warn({ err: error }, "searches could not be written to the history; they are kept for now");
        this.#isFailing = true;
        return false;
      }
      logger.error({ err: error }, "searches could not be written to the history");
      this.#drop(batch.length);
    }
    this.#isFailing = false;
    return true;
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.#buffer.splice(0, count);
    this.#deps.metrics.searchHistoryDropped.inc(count);
    this.#deps.logger.warn({ count }, "searches are missing from the history");
  }

  /** Trims owners that have searched much since they were trimmed, or all when they are too many to be remembered. */
  async #count(batch: readonly SearchRecord[]): Promise<void> {
    for (const { ownerId } of batch) this.#untrimmed.set(ownerId, (this.#untrimmed.get(ownerId) ?? 0) + 1);
    const owners = new Set(batch.map((search) => search.ownerId));
    const due =
      this.#untrimmed.size > limits.searchHistoryOwnersMax
        ? [...this.#untrimmed.keys()]
        : [...owners].filter((ownerId) => (this.#untrimmed.get(ownerId) ?? 0) >= limits.searchHistoryTrimInterval);
    await this.#trim(due);
  }

  async #trim(ownerIds: readonly string[]): Promise<void> {
    if (ownerIds.length === 0) return;
    for (const ownerId of ownerIds) this.#untrimmed.delete(ownerId);
    try {
      await trimSearches(this.#deps.database, ownerIds, limits.searchHistoryRowsMax, this.#givingUp.signal);
    } catch (error) {
      this.#deps.logger.warn({ err: error, owners: ownerIds.length }, "the search history could not be trimmed");
    }
  }
}
