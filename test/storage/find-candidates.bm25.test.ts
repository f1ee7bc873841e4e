import { beforeAll, describe, expect, it } from "vitest";
import { findCandidates } from "../../src/storage/find-candidates.ts";
import { testDatabases } from "../support/databases.ts";
import { type Sketch, store } from "../support/prepared-documents.ts";
import { newOwner, type TestStorage, useStorage } from "../support/test-storage.ts";

/** German words among them, so that the same query is stemmed in two ways. */
const vocabulary = [
  "river",
  "rivers",
  "mill",
  "bridges",
  "Häuser",
  "haus",
  "run",
  "running",
  "the",
  "and",
  "Ω",
  "x-ray",
  "don't",
  "2026",
  "a.b@c.org",
];

/** A word that occurs more often in one chunk counts this often. */
const termFrequencyMax = 64;

describe.each(testDatabases())("text ranks on $name", (kind) => {
  const storage = useStorage(kind);
  const ownerId = newOwner();

  beforeAll(async () => {
    await store(storage().database, corpus(ownerId, 11));
    // Rows of another owner with the same words, which must not count.
    await store(storage().database, corpus(newOwner(), 12));
  });

  it.each([
    "river",
    "the rivers run and the mill runs",
    "Häuser haus HÄUSER",
    "running x-ray don't 2026 a.b@c.org Ω",
    "rivers bridges unknownword",
    "ﬁ ｒｉｖｅｒ",
  ])("are those of a plain BM25 for the query %j", async (queryText) => {
    const { database, table } = storage();
    const query = { ownerId, filter: {}, queryText, queryVector: undefined, count: 1_000 };
    const { candidates, textCount, truncated } = await findCandidates(database, table, query);
    const expected = await plainBm25(storage(), ownerId, queryText);
    expect(expected.length).toBeGreaterThan(5);
    expect(new Set(expected.map((rank) => rank.score.toFixed(6))).size).toBeGreaterThan(3);
    expect(textCount).toBe(expected.length);
    expect(truncated).toBe(false);
    const found = new Map(candidates.map((candidate) => [candidate.chunkId, candidate.textRank]));
    for (const { chunkId, score } of expected) expect(found.get(chunkId)).toBeCloseTo(score, 9);
    const positions = new Map(candidates.map((candidate) => [candidate.chunkId, candidate.textPosition]));
    const ranks = candidates
      .toSorted((left, right) => (left.textPosition ?? 0) - (right.textPosition ?? 0))
      .map((c) => c.textRank ?? 0);
    expect([...positions.values()].toSorted((left, right) => (left ?? 0) - (right ?? 0))).toEqual(
      expected.map((_, index) => index + 1),
    );
    expect(ranks).toEqual(ranks.toSorted((left, right) => right - left));
  });

  it("stay the same under a filter, which only takes chunks away", async () => {
    const { database, table } = storage();
    const query = { ownerId, queryText: "river mill running", queryVector: undefined, count: 1_000 };
    const all = await findCandidates(database, table, { ...query, filter: {} });
    const filter = { documentTypes: ["chat" as const] };
    const some = await findCandidates(database, table, { ...query, filter });
    expect(some.candidates.length).toBeGreaterThan(0);
    expect(some.candidates.length).toBeLessThan(all.candidates.length);
    const ranks = new Map(all.candidates.map((candidate) => [candidate.chunkId, candidate.textRank]));
    for (const { chunkId, textRank } of some.candidates) expect(textRank).toBe(ranks.get(chunkId));
  });

  it("do not depend on what other owners store or delete", async () => {
    const { database, table } = storage();
    const query = { ownerId, filter: {}, queryText: "river mill running", queryVector: undefined, count: 1_000 };
    const before = await findCandidates(database, table, query);
    await store(database, corpus(newOwner(), 13));
    const after = await findCandidates(database, table, query);
    expect(byId(after.candidates)).toEqual(byId(before.candidates));
    expect(after.ownerChunkCount).toBe(before.ownerChunkCount);
  });
});

describe.each(testDatabases())("text ranks of an owner with many languages on $name", (kind) => {
  const storage = useStorage(kind);

  it("come from the eight with most chunks, and the rest is said to be missing", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const configs = ["english", "german", "french", "spanish", "italian", "dutch", "danish", "swedish", "simple"];
    await store(
      database,
      configs.map((textConfig, index) => ({
        ownerId,
        idAtOrigin: textConfig,
        textConfig,
        leaves: Array.from({ length: configs.length - index }, () => "Zebra"),
      })),
    );
    const { candidates, truncated, ownerChunkCount } = await findCandidates(database, table, {
      ownerId,
      filter: {},
      queryText: "zebra",
      queryVector: undefined,
      count: 1_000,
    });
    expect(ownerChunkCount).toBe(45);
    expect([candidates.length, truncated]).toEqual([44, true]);
  });
});

/** Documents of English and German chunks in which words occur several times; the same seed gives the same texts. */
function corpus(ownerId: string, seed: number): Sketch[] {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  return Array.from({ length: 24 }, (_, document) => ({
    ownerId,
    idAtOrigin: `${document}`,
    documentType: document % 3 === 0 ? "chat" : "text",
    textConfig: document % 4 === 0 ? "german" : "english",
    leaves: Array.from({ length: 1 + next(4) }, () => {
      const words = Array.from({ length: 1 + next(5) }, () =>
        `${vocabulary[next(vocabulary.length)]} `.repeat(1 + next(document === 5 ? 40 : 4)),
      );
      return words.join("").trim();
    }),
  }));
}

/** BM25 as its definition has it (k1 1.2, b 0.75, Lucene's idf), from the stored lexemes and the lengths of the chunks. */
async function plainBm25({ database }: TestStorage, ownerId: string, queryText: string) {
  const { rows: chunks } = await database.query<{
    chunk_id: string;
    text_config: string;
    token_count: number;
    frequencies: Record<string, number>;
  }>(
    "read_lexemes",
    `select c.chunk_id, c.text_config, c.token_count,
            (select coalesce(jsonb_object_agg(l.lexeme, array_length(l.positions, 1)), '{}') from unnest(c.search_vector) as l) as frequencies
     from document_chunks c
     where c.owner_id = $1 and c.chunk_level = 0`,
    [ownerId],
  );
  const configs = new Map<string, typeof chunks>();
  for (const chunk of chunks) configs.set(chunk.text_config, [...(configs.get(chunk.text_config) ?? []), chunk]);
  const scores: { chunkId: string; score: number }[] = [];
  for (const [config, corpusChunks] of configs) {
    const { rows: terms } = await database.query<{ lexeme: string }>(
      "read_terms",
      "select lexeme from unnest(to_tsvector($1::regconfig, normalize($2::text, NFKC)))",
      [config, queryText],
    );
    const lengthAverage = corpusChunks.reduce((sum, chunk) => sum + chunk.token_count, 0) / corpusChunks.length;
    for (const chunk of corpusChunks) {
      const matching = terms.filter(({ lexeme }) => chunk.frequencies[lexeme] !== undefined);
      if (matching.length === 0) continue;
      let score = 0;
      for (const { lexeme } of matching) {
        const documentFrequency = corpusChunks.filter((other) => other.frequencies[lexeme] !== undefined).length;
        const idf = Math.log(1 + (corpusChunks.length - documentFrequency + 0.5) / (documentFrequency + 0.5));
        const termFrequency = Math.min(termFrequencyMax, chunk.frequencies[lexeme] ?? 0);
        const lengthNorm = 1.2 * (1 - 0.75 + (0.75 * chunk.token_count) / lengthAverage);
        score += (idf * termFrequency * (1.2 + 1)) / (termFrequency + lengthNorm);
      }
      scores.push({ chunkId: chunk.chunk_id, score });
    }
  }
  return scores;
}

function byId(candidates: readonly { readonly chunkId: string }[]) {
  return candidates.toSorted((left, right) => (left.chunkId < right.chunkId ? -1 : 1));
}
