import { DeadlineExceededError } from "../domain/errors.ts";
import type { DocumentFilter } from "../domain/filter.ts";
import type { IndexProfile } from "../domain/index-profile.ts";
import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database, Transaction } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { findNearest, indexSettings, type NearChunk } from "../storage/find-nearest.ts";

/** An approximate search that was answered. */
export interface ApproximateSearch {
  readonly ownerId: string;
  readonly table: EmbeddingTable;
  readonly filter: DocumentFilter;
  readonly queryVector: Float32Array;
  /** Nearest chunks that the search asked for. */
  readonly count: number;
  readonly indexProfile: IndexProfile;
  /** Leaves of the owner. */
  readonly ownerChunks: number;
}

export interface RecallAuditDeps {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Audits that are left out after one that there was not enough time for, so that a slow database is not asked in vain each time. */
const restsWhenLate = 10;

/**
 * Compares approximate searches with exact ones, one at a time and at most one in an interval, so that operators learn what the
 * approximate index misses of the queries that are really asked. No search waits for it: it takes a connection only while most are idle,
 * and its statements end soon. A filter counts as the search had it.
 */
export class RecallAudit {
  readonly #deps: RecallAuditDeps;
  readonly #timer: NodeJS.Timeout;
  readonly #stopping = new AbortController();
  /** The latest recalls by size of the owner. */
  readonly #recalls = new Map<string, number[]>();
  #latest: ApproximateSearch | undefined;
  #running: Promise<void> | undefined;
  #rests = 0;

  constructor(deps: RecallAuditDeps, options: { readonly intervalMs: number }) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.audit(), options.intervalMs);
  }

  /** Lets the next audit be of this search, unless a later one is offered. */
  offer(search: ApproximateSearch): void {
    this.#latest = search;
  }

  /** Audits the latest search now, if there is one that was not audited, and the database has little to do; never rejects. */
  audit(): Promise<void> {
    this.#running ??= this.#auditLatest().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#running;
  }

  async #auditLatest(): Promise<void> {
    const { database, metrics, logger } = this.#deps;
    const search = this.#latest;
    if (!search || this.#stopping.signal.aborted) return;
    if (this.#rests > 0) {
      this.#rests--;
      return;
    }
    const { active, idle, waiting } = database.poolStatistics();
    if (waiting > 0 || active > idle) return;
    this.#latest = undefined;
    const size = search.ownerChunks > limits.recallLargeChunksMax ? "huge" : "large";
    const count = (outcome: "measured" | "late" | "failed") => metrics.searchRecallAudits.inc({ owner_size: size, outcome });
    try {
      const recall = await measureRecall(database, search, this.#stopping.signal);
      if (recall === undefined) return;
      count("measured");
      metrics.searchRecall.set({ owner_size: size }, this.#mean(size, recall));
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      if (error instanceof DeadlineExceededError) this.#rests = restsWhenLate;
      else logger.warn({ err: error }, "the recall of a search could not be measured");
      count(error instanceof DeadlineExceededError ? "late" : "failed");
    }
  }

  #mean(size: string, recall: number): number {
    const recalls = [...(this.#recalls.get(size) ?? []), recall].slice(-limits.recallAuditsKept);
    this.#recalls.set(size, recalls);
    return recalls.reduce((sum, value) => sum + value, 0) / recalls.length;
  }
}

/**
 * The share of the ten nearest chunks that an approximate search finds.
 *
 * @returns undefined if the filter allows none that has a vector.
 * @throws DeadlineExceededError if the database takes too long.
 */
async function measureRecall(database: Database, search: ApproximateSearch, signal: AbortSignal): Promise<number | undefined> {
  const { ownerId, table, filter, queryVector, count, indexProfile } = search;
  const settings = { ...indexSettings(indexProfile), statement_timeout: limits.recallAuditTimeoutMs };
  return await database.transaction(
    async (transaction) => {
      const asked = { ownerId, filter, queryVector, corpora: [], matches: [], matchesMax: 0 };
      const audit = underOwnNames(transaction);
      const approximate = await findNearest(audit, table, { ...asked, count, isExact: false });
      const exact = await findNearest(audit, table, { ...asked, count: limits.recallAuditCount, isExact: true });
      return recallOf(approximate.nearest, exact.nearest);
    },
    { signal, snapshot: true, settings },
  );
}

/** Statements of audits are not to be taken for those of searches in metrics and logs. */
function underOwnNames(transaction: Transaction): Pick<Transaction, "query"> {
  return { query: (name, ...rest) => transaction.query(`audit_${name}`, ...rest) };
}

/** Chunks that are as near as the last one count, whichever of them an index gives. Similarities are single-precision numbers. */
function recallOf(approximate: readonly NearChunk[], exact: readonly NearChunk[]): number | undefined {
  const last = exact.at(-1);
  if (!last) return undefined;
  const found = approximate.slice(0, exact.length).filter(({ similarity }) => similarity >= last.similarity - 1e-6);
  return found.length / exact.length;
}
