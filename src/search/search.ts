import { v7 as uuidV7 } from "uuid";
import type { Clock } from "../domain/clock.ts";
import { DependencyUnavailableError, LimitExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { ActiveGeneration, Generation } from "../embedding/model-generations.ts";
import { traced } from "../observability/tracing.ts";
import type { Database, Queryable } from "../storage/database.ts";
import { isMissingTable } from "../storage/database-errors.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { indexSettings } from "../storage/find-nearest.ts";
import { exactChunksMax } from "../storage/index-membership.ts";
import { loadContext } from "../storage/load-hits.ts";
import { readSearchFacts, type SearchFacts } from "../storage/search-facts.ts";
import { textConfigFor } from "../storage/text-config.ts";
import { applyFeedback } from "./apply-feedback.ts";
import { collectHits, type FoundHit } from "./collect-hits.ts";
import { combineVariants } from "./combine-variants.ts";
import { expandQuery } from "./expand-query.ts";
import { type CandidateQuery, type Candidates, findCandidates } from "./find-candidates.ts";
import { fuse, type ScoredCandidate } from "./fuse.ts";
import { parseQuery } from "./parse-query.ts";
import type { QueryEmbeddingCache } from "./query-embedding-cache.ts";
import type { ApproximateSearch, RecallAudit } from "./recall-audit.ts";
import { refineHits } from "./refine-hits.ts";
import type { ResultCache } from "./result-cache.ts";
import { routeQuery } from "./route-query.ts";
import type { SearchHistory } from "./search-history.ts";
import type { SearchModelDeps } from "./search-models.ts";
import type { Degradation, Receipt, SearchAnswer, SearchHit, SearchQuery } from "./search-query.ts";
import { Stages } from "./stages.ts";

export interface SearchDeps extends SearchModelDeps {
  readonly database: Database;
  readonly models: ActiveGeneration;
  readonly clock: Clock;
  readonly queryCache: QueryEmbeddingCache;
  /** Undefined: no cached answer will do. */
  readonly resultCache: ResultCache | undefined;
  readonly history: SearchHistory;
  /** Hears of approximate searches; undefined: none are audited. */
  readonly recallAudit?: RecallAudit | undefined;
}

/** Milliseconds until the deadline of a search; undefined: it has none. */
export type TimeLeft = () => number | undefined;

/**
 * Finds the chunks of an owner that answer a query, best first. Whatever may fail beside the database only makes the answer worse, and
 * the receipt says so.
 *
 * @throws DependencyUnavailableError if a vector search's query cannot be embedded, or the database is down.
 */
export async function search(
  deps: SearchDeps,
  query: SearchQuery,
  signal: AbortSignal,
  timeLeftMs: TimeLeft = () => undefined,
): Promise<SearchAnswer> {
  const { metrics } = deps;
  metrics.searchRequests.inc({ owner_id: metrics.owners.label(query.ownerId), search_type: query.searchType });
  const labels = { owner_id: metrics.histogramOwners.label(query.ownerId), search_type: query.searchType };
  const started = performance.now();
  try {
    const answer = await tracedSearch(deps, query, signal, timeLeftMs);
    metrics.searchResultsCount.observe(labels, answer.hits.length);
    deps.history.record(query, answer, performance.now() - started);
    return answer;
  } finally {
    metrics.searchDurationSeconds.observe(labels, (performance.now() - started) / 1_000);
  }
}

/** Its stages are spans below this one. */
async function tracedSearch(
  deps: SearchDeps,
  query: SearchQuery,
  signal: AbortSignal,
  timeLeftMs: TimeLeft,
): Promise<SearchAnswer> {
  const attributes = { owner_id: query.ownerId, search_type: query.searchType };
  return await traced({ name: "memory.search", attributes }, async (span) => {
    const answer = await answerSearch(deps, query, signal, timeLeftMs);
    const { plan, cacheHit } = answer.receipt;
    span?.setAttributes({ search_id: answer.searchId, results: answer.hits.length, plan, cache_hit: cacheHit });
    return answer;
  });
}

/** A search of one generation of vectors, from its beginning to its end. */
export type GenerationDeps = SearchDeps & Pick<Generation, "table" | "provider">;

/** A search begins anew when the model is changed while it runs; more changes than this in one search are left to the next. */
const attemptsMax = 3;

/** A wording of the query with what searching for it takes. */
interface Variant {
  readonly facts: SearchFacts;
  readonly vector: Float32Array | undefined;
}

/** A search without what is kept of it: neither metrics nor history. */
export async function answerSearch(
  deps: SearchDeps,
  query: SearchQuery,
  signal: AbortSignal,
  timeLeftMs: TimeLeft = () => undefined,
): Promise<SearchAnswer> {
  let { active } = deps.models;
  for (let attempt = 1; ; attempt++) {
    const { table, provider } = active;
    const isLast = attempt === attemptsMax;
    try {
      const answer = await answerWith({ ...deps, table, provider }, query, { signal, timeLeftMs, endsWhenSwitched: !isLast });
      if (answer) return answer;
    } catch (error) {
      // Its vectors were dropped while it ran.
      if (isLast || !isMissingTable(error)) throw error;
    }
    active = await deps.models.refresh(signal);
  }
}

interface AnswerOptions {
  readonly signal: AbortSignal;
  readonly timeLeftMs: TimeLeft;
  /** Whether to give up where another model is active by now: its vectors are newer. */
  readonly endsWhenSwitched: boolean;
}

/** Answers with the vectors and queries of one model alone; undefined if another one is active by now. */
async function answerWith(
  deps: GenerationDeps,
  query: SearchQuery,
  { signal, timeLeftMs, endsWhenSwitched }: AnswerOptions,
): Promise<SearchAnswer | undefined> {
  const { modelId } = deps.table;
  const stages = new Stages();
  const now = deps.clock.now();
  const giveUp = new AbortController();
  // Prepared at the same time: parsing asks the database, embedding does not.
  const preparing = prepareVariant(deps, query, query.queryText, now, stages, AbortSignal.any([signal, giveUp.signal]));
  const { version, activeModelId = modelId } = await preparing.facts;
  if (endsWhenSwitched && activeModelId !== modelId) {
    giveUp.abort();
    return undefined;
  }
  const cached = deps.resultCache?.get(query, { modelId, version });
  if (cached) {
    giveUp.abort();
    return { ...cached, receipt: { ...cached.receipt, stageTimes: stages.times } };
  }
  const answer = await findAnswer(deps, query, preparing.variant, stages, { now, signal, timeLeftMs });
  deps.resultCache?.set(query, { modelId, version }, answer);
  return answer;
}

/** Answers without the cache. */
async function findAnswer(
  deps: GenerationDeps,
  query: SearchQuery,
  variant: Promise<Variant>,
  stages: Stages,
  { now, signal, timeLeftMs }: { readonly now: Date; readonly signal: AbortSignal; readonly timeLeftMs: TimeLeft },
): Promise<SearchAnswer> {
  const degraded = new Set<Degradation>();
  const { queryExpansion: mode } = query;
  const expansion =
    mode === "none"
      ? { variants: [query.queryText], degraded: false }
      : await stages.time("expand", () => expandQuery(deps, { ...query, mode }, signal));
  if (expansion.degraded) degraded.add("expansion_unavailable");
  const variants = await Promise.all([
    variant,
    ...expansion.variants.slice(1).map((text) => prepareVariant(deps, query, text, now, stages, signal).variant),
  ]);
  const [own] = variants;
  if (!own) throw new Error("a query is a variant of itself");
  if (query.searchType !== "text" && !own.vector) degraded.add("embedder_unavailable");
  if (own.vector && own.facts.hasPendingEmbeddings) degraded.add("embeddings_pending");

  const { found, collected } = await findHits(deps, withoutExpired(query, own.facts, now), variants, stages, {
    signal,
    timeLeftMs,
  });
  const refined = await refineHits(deps, query, collected, stages, signal);
  for (const degradation of refined.degraded) degraded.add(degradation);
  const hits = await addContext(deps, query, refined.hits, stages, signal);
  const routed =
    query.routing &&
    (await stages.time("route", () =>
      routeQuery(deps, { queryText: query.queryText, evidence: hits, threshold: query.routing?.threshold ?? 0 }, signal),
    ));
  if (routed?.degraded) degraded.add("routing_unavailable");

  return {
    searchId: uuidV7(),
    hits,
    routing: routed?.decision,
    receipt: {
      plan: own.vector ? found.plan : "text_only",
      modelId: own.vector ? deps.table.modelId : undefined,
      candidatesVector: found.vectorCount,
      candidatesText: found.textCount,
      ownerChunks: own.facts.chunkCount - own.facts.expiredChunks,
      truncated: found.isCut,
      shortfallReason: shortfallReason(query, hits.length, { ...refined, ...found }),
      degraded: [...degraded],
      cacheHit: false,
      queryVariants: expansion.variants,
      stageTimes: stages.times,
    },
  };
}

/** Erasing what has expired takes a while; where the owner has nothing of it, the search need not ask each document. */
function withoutExpired(query: SearchQuery, { expiredChunks }: SearchFacts, now: Date): SearchQuery {
  return expiredChunks === 0 ? query : { ...query, filter: { ...query.filter, liveAt: now } };
}

/** The facts come before the vector does, since a cached answer needs none. */
function prepareVariant(
  deps: GenerationDeps,
  query: SearchQuery,
  text: string,
  now: Date,
  stages: Stages,
  signal: AbortSignal,
): { facts: Promise<SearchFacts>; variant: Promise<Variant> } {
  const parsed = parseQuery(text);
  const words = query.searchType === "vector" ? { words: "", phrases: [], excluded: [] } : parsed;
  const textConfig = query.language === undefined ? undefined : textConfigFor(query.language);
  const owner = { ownerId: query.ownerId, modelId: deps.table.modelId, now };
  const facts = stages.time("facts", () => readSearchFacts(deps.database, owner, words, textConfig, signal));
  // What is excluded would only draw the vector near; a query that only excludes is taken as it is.
  const meaning = parsed.excluded.length > 0 && parsed.words !== "" ? parsed.words : text;
  const vector =
    query.searchType === "text"
      ? Promise.resolve(undefined)
      : stages.time("embed", () => embedQuery(deps, query, meaning, signal));
  const variant = Promise.all([facts, vector]).then(([facts, vector]) => ({ facts, vector }));
  // Whichever fails first is reported; the other must not end the process.
  variant.catch(() => undefined);
  return { facts, variant };
}

/** The query's vector, or undefined if the embedder fails and words will do. */
async function embedQuery(
  deps: GenerationDeps,
  query: SearchQuery,
  text: string,
  signal: AbortSignal,
): Promise<Float32Array | undefined> {
  try {
    return await deps.queryCache.embed(deps.provider, text, signal);
  } catch (error) {
    const isUnavailable = error instanceof DependencyUnavailableError || error instanceof LimitExceededError;
    if (!isUnavailable || query.searchType === "vector") throw error;
    deps.logger.warn({ err: error }, "the query could not be embedded; the search looks at words alone");
    return undefined;
  }
}

/** Candidates and their texts, all as of one moment, so that no candidate is gone when it is loaded. */
async function findHits(
  deps: GenerationDeps,
  query: SearchQuery,
  variants: readonly Variant[],
  stages: Stages,
  { signal, timeLeftMs }: { readonly signal: AbortSignal; readonly timeLeftMs: TimeLeft },
): Promise<{ found: Candidates; collected: readonly FoundHit[] }> {
  const { database, table } = deps;
  const most = exactChunksMax(table, database.kind);
  // Small owners never meet the approximate index, so its settings need not be sent.
  const large = variants.find(({ facts }) => facts.chunkCount > most);
  const settings = large ? { settings: indexSettings(large.facts.indexProfile) } : {};
  const read = async (queryable: Queryable) => {
    let own: Candidates | undefined;
    const rankings: (readonly ScoredCandidate[])[] = [];
    for (const { facts, vector } of variants) {
      const asked = {
        ...query,
        facts,
        looksAtWords: query.searchType !== "vector",
        queryVector: vector,
        count: Math.max(limits.searchCandidates, 2 * query.limit),
        exactChunksMax: most,
        timeLeftMs,
      };
      const found = await stages.time("candidates", () => findCandidates({ transaction: queryable, table }, asked));
      own ??= found;
      if (found.plan === "approximate" && vector) deps.recallAudit?.offer(toAudit(asked, table, vector));
      rankings.push(
        await stages.time("fuse", () =>
          applyFeedback({ transaction: queryable, table }, query, vector, fuse(found.candidates, query)),
        ),
      );
    }
    const ranked = combineVariants(rankings);
    const { hits: collected, writes } = await stages.time("load", () => collectHits(queryable, query, ranked));
    if (!own) throw new Error("a query is a variant of itself");
    return { found: own, collected, writes };
  };
  if (!large && database.kind === "postgres") {
    // Beginning and ending a transaction would take as long as finding the candidates of a small owner. Where its writes are as many
    // afterwards as they were before, all that was read in between is of one moment.
    const result = await read(withSignal(database, signal));
    if (result.writes === undefined || result.writes === variants[0]?.facts.writes) return result;
  }
  return await database.transaction(read, { signal, snapshot: true, ...settings });
}

function withSignal(queryable: Queryable, signal: AbortSignal): Queryable {
  return { query: (name, text, values, other) => queryable.query(name, text, values, other ?? signal) };
}

function toAudit(asked: CandidateQuery, table: EmbeddingTable, queryVector: Float32Array): ApproximateSearch {
  const { ownerId, filter, count, facts } = asked;
  return { ownerId, table, filter, queryVector, count, indexProfile: facts.indexProfile, ownerChunks: facts.chunkCount };
}

async function addContext(
  deps: SearchDeps,
  query: SearchQuery,
  hits: readonly FoundHit[],
  stages: Stages,
  signal: AbortSignal,
): Promise<readonly SearchHit[]> {
  const { contextWindow: window, includeParentContext: parents } = query;
  if ((window === 0 && !parents) || hits.length === 0) return hits.map((hit) => ({ ...hit, context: [] }));
  const context = await stages.time("context", () =>
    loadContext(deps.database, query.ownerId, hits, { window, parents }, signal),
  );
  return hits.map((hit) => ({ ...hit, context: context.get(hit.chunkId) ?? [] }));
}

function shortfallReason(
  query: SearchQuery,
  count: number,
  why: { readonly isBelowMinScore: boolean; readonly isLate: boolean },
): Receipt["shortfallReason"] {
  if (count >= query.limit) return undefined;
  if (why.isLate) return "deadline";
  return why.isBelowMinScore ? "min_score" : "fewer_match";
}
