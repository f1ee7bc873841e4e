import { toUnitVector } from "../../src/embedding/mean-pooling.ts";
import { type CandidateQuery, type Candidates, findCandidates } from "../../src/search/find-candidates.ts";
import { parseQuery } from "../../src/search/parse-query.ts";
import { indexSettings } from "../../src/storage/find-nearest.ts";
import { readSearchFacts } from "../../src/storage/search-facts.ts";
import { type Sketch, store } from "./prepared-documents.ts";
import { randomNumbers } from "./random-numbers.ts";
import { dimension, embedWaiting, type TestStorage } from "./test-storage.ts";

type Storage = Pick<TestStorage, "database" | "table">;

export const leavesPerDocument = 4;
/** When the documents go whose `twentieth` is 0. */
export const twentiethExpiresAt = new Date("2040-01-01");
const wordsPerLeaf = 30;
const vocabulary = 2_000;

/** The word of this rank: the first stands in nearly every leaf, the hundredth in one of 25, the thousandth in one of 250. */
export function wordOf(rank: number): string {
  return `w${rank}x`;
}

const wordVectors = new Map<string, readonly number[]>();

/** The sum of a direction for each word. Hashed words would lie at few distances from a query, so that many chunks would be equal. */
export function vectorOf(text: string): Float32Array {
  const sums = new Float64Array(dimension);
  for (const word of text.split(" ")) {
    const random = randomNumbers(Number.parseInt(word.replaceAll(/\D/g, ""), 10) || word.length);
    const vector = wordVectors.get(word) ?? Array.from({ length: dimension }, () => random() - 0.5);
    wordVectors.set(word, vector);
    vector.forEach((value, index) => {
      sums[index] = (sums[index] ?? 0) + value;
    });
  }
  return toUnitVector(sums);
}

/**
 * Stores documents of four leaves with words as frequent as Zipf's law has them, all with vectors but the last ten documents. One of
 * ten is in German, and the metadata hold `half`, `twentieth` and `rare`, each number of which stands in 50, 5 and 0.5 % of them.
 */
export async function storeLargeOwner(storage: Storage, ownerId: string, documents: number): Promise<Sketch[]> {
  const random = randomNumbers(documents);
  const leaf = () => Array.from({ length: wordsPerLeaf }, () => wordOf(Math.floor(vocabulary ** random()))).join(" ");
  const sketches = Array.from(
    { length: documents },
    (_, n): Sketch => ({
      ownerId,
      idAtOrigin: `document-${n}`,
      metadata: { half: n % 2, twentieth: n % 20, rare: n % 200 },
      expiresAt: n % 20 === 0 ? twentiethExpiresAt : undefined,
      textConfig: n % 10 === 3 ? "german" : "english",
      leaves: Array.from({ length: leavesPerDocument }, leaf),
      tokenCount: 20 + (n % 40),
    }),
  );
  await store(storage.database, sketches.slice(0, -10));
  await embedWaiting(storage, vectorOf);
  await store(storage.database, sketches.slice(-10));
  return sketches;
}

/** Finds candidates as a search does, in a snapshot of its own. What a test does not say: both sides, everything compared, no deadline. */
export async function findCandidatesOf(
  { database, table }: Storage,
  ownerId: string,
  queryText: string,
  given: Partial<CandidateQuery> & { readonly readsWhole?: boolean } = {},
): Promise<Candidates> {
  const { readsWhole = false, ...rest } = given;
  const words = parseQuery(queryText);
  const known = await readSearchFacts(database, { ownerId, modelId: table.modelId, now: new Date() }, words, undefined);
  // What is at most as large as this is read whole.
  const facts = readsWhole ? { ...known, chunkCount: 1 } : known;
  const query: CandidateQuery = {
    ownerId,
    facts,
    filter: {},
    looksAtWords: true,
    queryVector: vectorOf(queryText),
    textWindow: 0,
    count: 1_000,
    exactChunksMax: 1_000_000,
    timeLeftMs: () => undefined,
    ...rest,
  };
  return await database.transaction((transaction) => findCandidates({ transaction, table }, query), {
    snapshot: true,
    settings: indexSettings(known.indexProfile),
  });
}
