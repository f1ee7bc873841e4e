import type { DocumentFilter } from "../domain/filter.ts";
import { limits } from "../domain/limits.ts";
import { countAllowedChunks } from "../storage/count-allowed.ts";
import type { Queryable } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { isUnfiltered } from "../storage/filter-sql.ts";
import { findNearest, type NearQuery, type NearResult } from "../storage/find-nearest.ts";
import { readLexemeFrequencies } from "../storage/owner-lexemes.ts";
import { type Leaves, readLeaves } from "../storage/read-leaves.ts";
import type { SearchFacts } from "../storage/search-facts.ts";
import { withinTime } from "../storage/within-time.ts";
import { leavesAt, likelyLeaves, neighbourhoods } from "./likely-leaves.ts";
import { planWords } from "./plan-words.ts";
import { type Candidate, rankLeaves } from "./rank-leaves.ts";
import { type CorpusStatistics, scoreText } from "./score-text.ts";

export interface Candidates {
  readonly plan: "exact" | "approximate";
  readonly candidates: readonly Candidate[];
  /** Vectors that were compared; of an approximate search, the nearest that it gave. */
  readonly vectorCount: number;
  /** Chunks that hold a word of the query. */
  readonly textCount: number;
  /** Whether chunks that hold words of the query were left out before ranking. */
  readonly isCut: boolean;
  /** Whether there was no time left to compare vectors that the approximate index did not give. */
  readonly isLate: boolean;
}

export interface CandidateQuery {
  readonly ownerId: string;
  readonly filter: DocumentFilter;
  readonly facts: SearchFacts;
  /** Whether words are looked at. */
  readonly looksAtWords: boolean;
  /** Undefined: vectors are not compared. */
  readonly queryVector: Float32Array | undefined;
  /** Neighbours on each side whose words count for a chunk. */
  readonly textWindow: number;
  /** Candidates per side. */
  readonly count: number;
  /** Up to this many chunks that the filter allows, all their vectors are compared. */
  readonly exactChunksMax: number;
  /** Until the deadline of the search; undefined: it has none. */
  readonly timeLeftMs: () => number | undefined;
}

interface Context {
  readonly transaction: Queryable;
  readonly table: EmbeddingTable;
}

/**
 * Finds the candidates of both sides. Small owners are read whole, and of larger ones what a filter leaves if that is little: words are
 * counted and vectors compared one by one. Otherwise the word index is asked, and the vectors are compared or, where they are too
 * many, the approximate index is asked; then the neighbourhoods of what was found are read.
 *
 * @param context its transaction reads one snapshot.
 */
export async function findCandidates(context: Context, query: CandidateQuery): Promise<Candidates> {
  const { facts, filter, exactChunksMax } = query;
  if (facts.chunkCount === 0) return { plan: "exact", candidates: [], vectorCount: 0, textCount: 0, isCut: false, isLate: false };
  if (query.looksAtWords && facts.chunkCount <= limits.leavesReadMax) return await readOwner(context, query);
  // With long vectors few chunks are compared exactly, fewer than are read one by one.
  const countMax = Math.max(exactChunksMax, limits.leavesReadMax);
  const allowedCount = isUnfiltered(filter)
    ? facts.chunkCount
    : await countAllowedChunks(context.transaction, query.ownerId, filter, countMax);
  // What an exact search compares; an approximate one says only what it found.
  const compared = allowedCount <= exactChunksMax ? { isExact: true, vectorCount: allowedCount } : { isExact: false };
  if (!query.looksAtWords) return await searchVectors(context, query, compared);
  if (allowedCount <= limits.leavesReadMax) return await readAllowed(context, query);
  return await searchIndexes(context, query, compared);
}

interface Compared {
  readonly isExact: boolean;
  readonly vectorCount?: number;
}

/** Where there are fewer vectors than candidates, no more were compared, although more chunks may wait for theirs. */
function comparedCount(nearest: NearResult["nearest"], allowedCount: number | undefined, query: CandidateQuery): number {
  return allowedCount === undefined || nearest.length < query.count ? nearest.length : allowedCount;
}

/** The vector side alone. */
async function searchVectors(context: Context, query: CandidateQuery, { isExact, vectorCount }: Compared): Promise<Candidates> {
  const { nearest, isLate } = await findNear(context, query, { isExact, matches: [] });
  const candidates = nearest.map(({ chunkId, similarity }, index) => ({
    chunkId,
    similarity,
    speaker: undefined,
    textRank: undefined,
    vectorPosition: index + 1,
    textPosition: undefined,
  }));
  const plan = isExact ? "exact" : "approximate";
  return { plan, candidates, vectorCount: comparedCount(nearest, vectorCount, query), textCount: 0, isCut: false, isLate };
}

/** Reads the owner whole: what the filter refuses still tells how frequent words are. */
async function readOwner({ transaction, table }: Context, query: CandidateQuery): Promise<Candidates> {
  const leaves = await readLeaves(transaction, table, { ...leafQuery(query), scope: { kind: "owner" } });
  const statistics = query.facts.corpora.map(({ terms }, corpus) => countCorpus(leaves, corpus, terms.length));
  return rankAll(leaves, statistics, query);
}

/** Reads what the filter leaves of a large owner. Filters choose whole documents, so every leaf has its neighbours beside it. */
async function readAllowed(context: Context, query: CandidateQuery): Promise<Candidates> {
  const leaves = await readLeaves(context.transaction, context.table, { ...leafQuery(query), scope: { kind: "allowed" } });
  return rankAll(leaves, await knownStatistics(context, query), query);
}

/** Of leaves that are all there are. */
function rankAll(leaves: Leaves, statistics: readonly CorpusStatistics[], query: CandidateQuery): Candidates {
  const ranked = rankLeaves(leaves, scoreText(leaves, statistics, query.textWindow), query.count);
  return { plan: "exact", isCut: query.facts.isCut, isLate: false, ...ranked };
}

/** Asks the indexes, then reads the neighbourhoods of what they gave. */
async function searchIndexes(context: Context, query: CandidateQuery, { isExact, vectorCount }: Compared): Promise<Candidates> {
  const { facts, textWindow, count } = query;
  const statistics = await knownStatistics(context, query);
  const words = planWords(
    facts.corpora,
    statistics.map(({ frequencies }) => frequencies),
  );
  let found = await findNear(context, query, { isExact, matches: words.matches });
  // Without vectors only words can fill the answer, so even the common ones have to.
  const isShort = !query.queryVector && found.matched.count < count && words.others.length > 0;
  if (isShort) found = await findNear(context, query, { isExact, matches: [...words.matches, ...words.others] });
  const { nearest, matched, isLate } = found;
  const centers = [...likelyLeaves(matched, statistics, textWindow, count + Math.ceil(count / 4)), ...nearest];
  const scope = { kind: "ranges" as const, ranges: neighbourhoods(centers, textWindow) };
  const leaves = await readLeaves(context.transaction, context.table, { ...leafQuery(query), filter: {}, scope });
  const textRanks = scoreText(leaves, statistics, textWindow, leavesAt(leaves, centers));
  const { candidates } = rankLeaves(leaves, textRanks, count, query.queryVector && nearest);
  return {
    plan: isExact ? "exact" : "approximate",
    candidates,
    vectorCount: query.queryVector ? comparedCount(nearest, vectorCount, query) : 0,
    textCount: matched.count,
    isCut: facts.isCut || words.isCut,
    isLate,
  };
}

/** The nearest vectors, as many as asked for if there are as many, and the leaves that hold the words. */
async function findNear(
  { transaction, table }: Context,
  query: CandidateQuery,
  options: Pick<NearQuery, "isExact" | "matches">,
): Promise<NearResult & { isLate: boolean }> {
  const { ownerId, filter, facts, looksAtWords, queryVector, count } = query;
  const corpora = looksAtWords ? facts.corpora : [];
  const asked = { ...options, ownerId, corpora, filter, queryVector, count, matchesMax: limits.wordMatchesMax };
  const found = await findNearest(transaction, table, asked);
  if (options.isExact || !queryVector || found.nearest.length >= count) return { ...found, isLate: false };
  // The approximate index gave up before it had enough, and there are more: the filter leaves many.
  const compared = await withinTime(transaction, query.timeLeftMs(), () =>
    findNearest(transaction, table, { ...asked, matches: [], isExact: true }),
  );
  return { ...found, nearest: compared?.nearest ?? found.nearest, isLate: compared === undefined };
}

function leafQuery({ ownerId, filter, facts, queryVector, looksAtWords }: CandidateQuery) {
  return { ownerId, filter, corpora: looksAtWords ? facts.corpora : [], queryVector };
}

function countCorpus(leaves: Leaves, corpus: number, terms: number): CorpusStatistics {
  const frequencies = new Array<number>(terms).fill(0);
  let chunkCount = 0;
  let tokens = 0;
  for (let leaf = 0; leaf < leaves.count; leaf++) {
    if (leaves.corpora[leaf] !== corpus) continue;
    chunkCount++;
    tokens += leaves.tokenCounts[leaf] ?? 0;
    for (let term = 0; term < terms; term++) {
      if ((leaves.frequencies[leaf * leaves.width + term] ?? 0) > 0) frequencies[term] = (frequencies[term] ?? 0) + 1;
    }
  }
  return { chunkCount, tokensAverage: tokens / Math.max(1, chunkCount), frequencies };
}

async function knownStatistics({ transaction }: Context, query: CandidateQuery): Promise<CorpusStatistics[]> {
  const { corpora } = query.facts;
  const frequencies = await readLexemeFrequencies(transaction, query.ownerId, corpora);
  return corpora.map(({ chunkCount, tokenCount }, corpus) => ({
    chunkCount,
    tokensAverage: tokenCount / chunkCount,
    frequencies: frequencies[corpus] ?? [],
  }));
}
