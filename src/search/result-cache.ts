import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { v7 as uuidV7 } from "uuid";
import { canonicalJson } from "../domain/canonical-json.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { SearchAnswer, SearchQuery } from "./search-query.ts";

export interface ResultCacheOptions {
  /** 0: nothing is kept. */
  readonly bytesMax: number;
  /** An older answer is not given again; undefined: any age is right. */
  readonly ageMsMax?: number | undefined;
  readonly metrics: Pick<Metrics, "searchCacheHits" | "searchCacheMisses" | "owners">;
}

/** What an answer is made of beside its query. */
export interface AnswerBasis {
  /** The model of the vectors that are searched. */
  readonly modelId: string;
  /** The owner's. */
  readonly version: bigint;
}

interface Entry {
  readonly version: bigint;
  readonly answer: SearchAnswer;
}

/**
 * Keeps answers, the latest used. An answer belongs to the whole query, the model, and the version of the owner's data that it was made
 * of, so that it is given again only while a search would find the same. The version is read from the database for each search, so
 * processes agree; an answer of an older version is dropped when it is met.
 *
 * Not kept are answers that a model or a deadline left incomplete, and those that depend on the time of day (`recency`).
 */
export class ResultCache {
  readonly #metrics: ResultCacheOptions["metrics"];
  /** By a hash of the query and the model, so that long filters make no long keys. Undefined: nothing is kept. */
  readonly #answers: LRUCache<string, Entry> | undefined;

  constructor(options: ResultCacheOptions) {
    this.#metrics = options.metrics;
    if (options.bytesMax > 0) {
      const sizeCalculation = (entry: Entry) => entryOverheadBytes + sizeOf(entry.answer);
      // A ttl of 0 is none.
      this.#answers = new LRUCache({ maxSize: options.bytesMax, sizeCalculation, ttl: options.ageMsMax ?? 0 });
    }
  }

  /** How much it holds. */
  get size(): { readonly bytes: number; readonly entries: number } {
    return { bytes: this.#answers?.calculatedSize ?? 0, entries: this.#answers?.size ?? 0 };
  }

  /**
   * The answer to a query, under a search id of its own and marked as a cache hit; its stages are left to the caller, since those of
   * the first search say nothing of this one.
   *
   * @param basis its version was read for this search.
   */
  get(query: SearchQuery, { modelId, version }: AnswerBasis): SearchAnswer | undefined {
    if (!this.#answers || !isRepeatable(query)) return undefined;
    const key = keyOf(query, modelId);
    const entry = this.#answers.get(key);
    const labels = { owner_id: this.#metrics.owners.label(query.ownerId) };
    if (entry?.version === version) {
      this.#metrics.searchCacheHits.inc(labels);
      return Object.freeze({ ...entry.answer, searchId: uuidV7() });
    }
    if (entry && entry.version < version) this.#answers.delete(key);
    this.#metrics.searchCacheMisses.inc(labels);
    return undefined;
  }

  /**
   * Keeps an answer if it may be given again; its hits are frozen then.
   *
   * @param basis its version was read before the candidates of this answer or in the same snapshot.
   */
  set(query: SearchQuery, { modelId, version }: AnswerBasis, answer: SearchAnswer): void {
    if (!this.#answers || !isRepeatable(query) || !isWhole(answer)) return;
    const key = keyOf(query, modelId);
    const known = this.#answers.peek(key);
    // A search that began earlier may end later.
    if (known && known.version > version) return;
    const { receipt, ...rest } = answer;
    const kept = { ...rest, receipt: { ...receipt, cacheHit: true, stageTimes: [] } };
    this.#answers.set(key, { version, answer: freeze(kept) });
  }
}

function keyOf(query: SearchQuery, modelId: string): string {
  return createHash("sha256")
    .update(canonicalJson([modelId, query]))
    .digest("base64");
}

function isRepeatable(query: SearchQuery): boolean {
  return query.recency === undefined;
}

function isWhole({ receipt }: SearchAnswer): boolean {
  return receipt.degraded.length === 0 && receipt.shortfallReason !== "deadline";
}

/** The entry, its key and its place in the list. */
const entryOverheadBytes = 500;

/** About what a value takes on V8's heap with pointers of 8 bytes; texts as if none were of one byte a character, which most are. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return 16 + 2 * value.length;
  if (typeof value === "number") return 16;
  if (value === null || typeof value !== "object") return 8;
  if (value instanceof Date) return 100;
  if (Array.isArray(value)) return value.reduce<number>((bytes, element) => bytes + 8 + sizeOf(element), 32);
  return Object.entries(value).reduce((bytes, [name, child]) => bytes + 24 + 2 * name.length + sizeOf(child), 56);
}

/** Freezes a value with all that it holds: it is given to several callers. */
function freeze<T>(value: T): T {
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return value;
  for (const child of Object.values(value)) freeze(child);
  return Object.freeze(value);
}
