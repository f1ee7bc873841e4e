import { beforeAll, describe, expect, it } from "vitest";
import { type CorpusStatistics, neighbourShares, scoreText } from "../../src/search/score-text.ts";
import { indexText } from "../../src/storage/index-text.ts";
import { type Leaves, readLeaves } from "../../src/storage/read-leaves.ts";
import type { Corpus } from "../../src/storage/search-facts.ts";
import { testDatabases } from "../support/databases.ts";
import { readCorpora } from "../support/leaf-rows.ts";
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
  "東京都",
];

/** A word that occurs more often in one chunk counts this often. */
const termFrequencyMax = 64;

describe.each(testDatabases())("BM25 over what is read of leaves on $name", (kind) => {
  const storage = useStorage(kind);
  const ownerId = newOwner();

  beforeAll(async () => {
    await store(storage().database, sketches(ownerId, 11));
    // Another owner's rows with the same words, which must not count.
    await store(storage().database, sketches(newOwner(), 12));
  });

  const queries = [
    "river",
    "the rivers run and the mill runs",
    "Häuser haus HÄUSER",
    "running x-ray don't 2026 a.b@c.org Ω",
    "rivers bridges unknownword",
    "ﬁ ｒｉｖｅｒ",
    "東京 京",
  ];
  it.each(queries.flatMap((query) => [0, 2].map((window) => ({ query, window }))))(
    "is that of its definition for $query with $window neighbours",
    async ({ query, window }) => {
      const { database, table } = storage();
      const corpora = await readCorpora(storage(), ownerId, query);
      const scope = { kind: "owner" } as const;
      const leaves = await readLeaves(database, table, { ownerId, corpora, queryVector: undefined, scope, filter: {} });
      const scores = scoreText(leaves, statisticsOf(leaves, corpora), window);
      const expected = await plainBm25(storage(), ownerId, query, window);
      expect(expected.size).toBeGreaterThan(5);
      expect(new Set([...expected.values()].map((score) => score.toFixed(6))).size).toBeGreaterThan(3);
      const found = new Map([...scores].map((score, leaf) => [leaves.chunkIds.text(leaf), score]));
      for (const [chunkId, score] of found) expect(score).toBeCloseTo(expected.get(chunkId) ?? 0, 9);
      expect([...found.values()].filter((score) => score > 0)).toHaveLength(expected.size);
    },
  );
});

function statisticsOf(leaves: Leaves, corpora: readonly Corpus[]): CorpusStatistics[] {
  return corpora.map(({ chunkCount, tokenCount, terms }, corpus) => ({
    chunkCount,
    tokensAverage: tokenCount / chunkCount,
    frequencies: terms.map((_, term) => {
      const holds = (leaf: number) =>
        leaves.corpora[leaf] === corpus && (leaves.frequencies[leaf * leaves.width + term] ?? 0) > 0;
      return Array.from({ length: leaves.count }, (_, leaf) => holds(leaf)).filter(Boolean).length;
    }),
  }));
}

/** Documents of English and German chunks in which words occur several times; the same seed gives the same texts. */
function sketches(ownerId: string, seed: number): Sketch[] {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  return Array.from({ length: 24 }, (_, document) => ({
    ownerId,
    idAtOrigin: `${document}`,
    textConfig: document % 4 === 0 ? "german" : "english",
    leaves: Array.from({ length: 1 + next(6) }, () => {
      const words = Array.from({ length: 1 + next(5) }, () =>
        `${vocabulary[next(vocabulary.length)]} `.repeat(1 + next(document === 5 ? 90 : 4)),
      );
      return words.join("").trim();
    }),
  }));
}

interface PlainChunk {
  readonly chunk_id: string;
  readonly document_id: string;
  readonly chunk_index: number;
  readonly text_config: string;
  readonly token_count: number;
  readonly frequencies: Readonly<Record<string, number>>;
}

/**
 * BM25 as its definition has it (k1 1.2, b 0.75, Lucene's idf), from the stored lexemes and the lengths of the chunks. With neighbours,
 * a chunk's text is that of its window, of which each word counts its share.
 */
async function plainBm25(
  { database }: TestStorage,
  ownerId: string,
  query: string,
  window: number,
): Promise<Map<string, number>> {
  const { rows: chunks } = await database.query<PlainChunk>(
    "read_lexemes",
    `select c.chunk_id, c.document_id, c.chunk_index, c.text_config, c.token_count,
            (select coalesce(jsonb_object_agg(l.lexeme, array_length(l.positions, 1)), '{}') from unnest(c.search_vector) as l) as frequencies
     from document_chunks c
     where c.owner_id = $1 and c.chunk_level = 0`,
    [ownerId],
  );
  const shares = neighbourShares(window);
  const scores = new Map<string, number>();
  for (const config of new Set(chunks.map((chunk) => chunk.text_config))) {
    const { rows: terms } = await database.query<{ lexeme: string }>(
      "read_terms",
      "select lexeme from unnest(to_tsvector($1::regconfig, $2))",
      [config, indexText(query, "query")],
    );
    const corpus = chunks.filter((chunk) => chunk.text_config === config);
    const around = new Map(corpus.map((chunk) => [chunk.chunk_id, windowAround(corpus, chunk, window)]));
    const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const lengthAverage =
      average(corpus.map((chunk) => chunk.token_count)) * average([...around.values()].map((near) => near.length));
    for (const chunk of corpus) {
      const near = around.get(chunk.chunk_id) ?? [];
      const length = near.reduce((sum, { token_count }) => sum + token_count, 0);
      let score = 0;
      for (const { lexeme } of terms) {
        const frequencyIn = (other: PlainChunk) => Math.min(termFrequencyMax, other.frequencies[lexeme] ?? 0);
        const documentFrequency = corpus.filter((other) => frequencyIn(other) > 0).length;
        const idf = Math.log(1 + (corpus.length - documentFrequency + 0.5) / (documentFrequency + 0.5));
        const frequency = near.reduce(
          (sum, other) => sum + (shares[Math.abs(other.chunk_index - chunk.chunk_index)] ?? 0) * frequencyIn(other),
          0,
        );
        score += (idf * frequency * (1.2 + 1)) / (frequency + 1.2 * (1 - 0.75 + (0.75 * length) / lengthAverage));
      }
      if (score > 0) scores.set(chunk.chunk_id, score);
    }
  }
  return scores;
}

function windowAround(corpus: readonly PlainChunk[], center: PlainChunk, window: number): PlainChunk[] {
  return corpus.filter(
    ({ document_id, chunk_index }) => document_id === center.document_id && Math.abs(chunk_index - center.chunk_index) <= window,
  );
}
