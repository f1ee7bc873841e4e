import { create } from "@bufbuild/protobuf";
import { SearchRequestSchema, SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { loadSettings } from "../../src/config/load-settings.ts";
import { systemClock } from "../../src/domain/clock.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import type { Metrics } from "../../src/observability/metrics.ts";
import { QueryEmbeddingCache } from "../../src/search/query-embedding-cache.ts";
import { answerSearch, type SearchDeps } from "../../src/search/search.ts";
import { SearchHistory } from "../../src/search/search-history.ts";
import type { SearchAnswer, SearchQuery } from "../../src/search/search-query.ts";
import { decodeSearch } from "../../src/services/decode-search.ts";
import { dimension, logger, type OpenCorpus } from "./corpus-database.ts";

/** Where the time of one search went, in milliseconds. */
export interface SearchTimes {
  readonly wholeMs: number;
  /** Sum of the statements on the wire, `begin` and `commit` included. */
  readonly databaseMs: number;
  /** What is neither a statement nor the embedder. */
  readonly outsideMs: number;
  /** Processor time of this process, the driver's included, on all its threads. */
  readonly cpuMs: number;
}

/** Beside them, each statement by its name. */
export type SearchFigures = SearchTimes & Readonly<Record<`statement ${string}`, number>>;

interface Span {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Watches what the database and the embedder take. */
export class TimeKeeper {
  #statements: Span[] = [];
  #others: Span[] = [];

  /** Every statement is observed when it has ended. */
  watchStatements({ dbQueryDurationSeconds: histogram }: Metrics): void {
    const observe = histogram.observe.bind(histogram) as (labels: object, seconds: number) => void;
    const watched = (labels: { readonly query_type: string }, seconds: number) => {
      const end = performance.now();
      this.#statements.push({ name: labels.query_type, start: end - seconds * 1_000, end });
      observe(labels, seconds);
    };
    Object.assign(histogram, { observe: watched });
  }

  watchEmbedder(provider: EmbeddingProvider): EmbeddingProvider {
    const embed: EmbeddingProvider["embed"] = async (texts, purpose, signal) => {
      const start = performance.now();
      try {
        return await provider.embed(texts, purpose, signal);
      } finally {
        this.#others.push({ name: "embed", start, end: performance.now() });
      }
    };
    return { model: provider.model, embed, close: () => provider.close() };
  }

  begin(): void {
    this.#statements = [];
    this.#others = [];
  }

  get databaseMs(): number {
    return this.#statements.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  get statements(): Record<`statement ${string}`, number> {
    const times: Record<`statement ${string}`, number> = {};
    for (const { name, start, end } of this.#statements) {
      times[`statement ${name}`] = (times[`statement ${name}`] ?? 0) + end - start;
    }
    return times;
  }

  /** Time in which a statement or the embedder ran, once where both did. */
  get waitedMs(): number {
    let covered = 0;
    let until = Number.NEGATIVE_INFINITY;
    for (const { start, end } of [...this.#statements, ...this.#others].sort((left, right) => left.start - right.start)) {
      covered += Math.max(0, end - Math.max(start, until));
      until = Math.max(until, end);
    }
    return covered;
  }
}

/** Searches in this process, without caches and history. */
export class TimedSearch {
  readonly deps: SearchDeps;
  readonly #keeper = new TimeKeeper();

  constructor({ database, table, metrics }: OpenCorpus, provider: EmbeddingProvider = createHashingEmbedder({ dimension })) {
    this.#keeper.watchStatements(metrics);
    const watched = this.#keeper.watchEmbedder(provider);
    const active = { table, provider: watched, bareProvider: watched };
    this.deps = {
      database,
      models: { active, refresh: async () => active },
      metrics,
      logger,
      clock: systemClock,
      queryCache: new QueryEmbeddingCache(0, metrics),
      resultCache: undefined,
      history: new SearchHistory({ database, clock: systemClock, logger, metrics }, { days: 0 }),
      searchModels: {},
    };
  }

  async answer(query: SearchQuery): Promise<SearchAnswer> {
    return await answerSearch(this.deps, query, new AbortController().signal);
  }

  async time(query: SearchQuery): Promise<SearchFigures> {
    this.#keeper.begin();
    const cpu = process.cpuUsage();
    const started = performance.now();
    await this.answer(query);
    const wholeMs = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    return {
      ...this.#keeper.statements,
      wholeMs,
      databaseMs: this.#keeper.databaseMs,
      outsideMs: wholeMs - this.#keeper.waitedMs,
      cpuMs: (user + system) / 1_000,
    };
  }
}

export const searchTypes = {
  vector: SearchType.VECTOR,
  text: SearchType.TEXT,
  hybrid: SearchType.HYBRID,
} as const;

const unset = loadSettings({});

/** A search as the service would take it, with the service's defaults for what is not said. */
export function newQuery(given: Partial<SearchQuery> & Pick<SearchQuery, "ownerId" | "queryText">): SearchQuery {
  const { ownerId, queryText } = given;
  return { ...decodeSearch(create(SearchRequestSchema, { ownerId, queryText }), unset), ...given };
}
