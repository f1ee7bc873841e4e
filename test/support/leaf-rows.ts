import { type LeafQuery, type Leaves, readLeaves } from "../../src/storage/read-leaves.ts";
import { type Corpus, readSearchFacts, type SearchFacts, type WordQuery } from "../../src/storage/search-facts.ts";
import type { TestStorage } from "./test-storage.ts";

/** One leaf with what a search reads of it, as a row. */
export interface LeafRow {
  readonly chunkId: string;
  readonly documentId: string;
  readonly chunkIndex: number;
  readonly tokenCount: number;
  readonly corpus: number;
  readonly speaker: string | null;
  /** NaN: none. */
  readonly similarity: number;
  readonly frequencies: readonly number[];
  readonly allowed: boolean;
  readonly phrased: boolean;
}

type Storage = Pick<TestStorage, "database" | "table">;

/** What a search knows of an owner before it is planned; a query of words alone may be given as a text. */
export async function readFacts(
  { database, table }: Storage,
  ownerId: string,
  query: string | Partial<WordQuery> = "",
  textConfig?: string,
): Promise<SearchFacts> {
  const given = typeof query === "string" ? { words: query } : query;
  const words = { words: "", phrases: [], excluded: [], ...given };
  return await readSearchFacts(database, { ownerId, modelId: table.modelId, now: new Date() }, words, textConfig);
}

export async function readCorpora(
  storage: Storage,
  ownerId: string,
  query: string | Partial<WordQuery>,
): Promise<readonly Corpus[]> {
  return (await readFacts(storage, ownerId, query)).corpora;
}

/** Leaves as rows, by document and index; without more, all of the owner. */
export async function readLeafRows(
  { database, table }: Storage,
  query: Partial<LeafQuery> & Pick<LeafQuery, "ownerId">,
): Promise<LeafRow[]> {
  const rest = { corpora: [], queryVector: undefined, scope: { kind: "owner" }, filter: {} } as const;
  return leafRows(await readLeaves(database, table, { ...rest, ...query }));
}

/** Columns as rows, by document and index. */
export function leafRows(leaves: Leaves): LeafRow[] {
  const { width } = leaves;
  const rows = Array.from({ length: leaves.count }, (_, leaf) => ({
    chunkId: leaves.chunkIds.text(leaf),
    documentId: leaves.documentIds.text(leaf),
    chunkIndex: leaves.chunkIndexes[leaf] ?? Number.NaN,
    tokenCount: leaves.tokenCounts[leaf] ?? Number.NaN,
    corpus: leaves.corpora[leaf] ?? Number.NaN,
    speaker: leaves.speakers[leaf] ?? null,
    similarity: leaves.similarities[leaf] ?? Number.NaN,
    frequencies: [...leaves.frequencies.subarray(leaf * width, (leaf + 1) * width)],
    allowed: leaves.allowed[leaf] === 1,
    phrased: leaves.phrased[leaf] === 1,
  }));
  return rows.sort((left, right) => {
    if (left.documentId === right.documentId) return left.chunkIndex - right.chunkIndex;
    return left.documentId < right.documentId ? -1 : 1;
  });
}

/** The texts of an owner's leaves, by chunk id. */
export async function readContents({ database }: Pick<Storage, "database">, ownerId: string): Promise<Map<string, string>> {
  const { rows } = await database.query<{ chunk_id: string; content: string }>(
    "read_contents",
    "select chunk_id, content from document_chunks where owner_id = $1 and chunk_level = 0 order by document_id, chunk_index",
    [ownerId],
  );
  return new Map(rows.map((row) => [row.chunk_id, row.content]));
}

/** The texts of the leaves that hold a word of the query, sorted. */
export async function contentsWithWords(storage: Storage, ownerId: string, words: string): Promise<string[]> {
  const corpora = await readCorpora(storage, ownerId, words);
  const rows = await readLeafRows(storage, { ownerId, corpora });
  const holding = rows.filter(({ frequencies }) => frequencies.some((frequency) => frequency > 0));
  return await contentsOf(storage, ownerId, holding);
}

/** The texts of the leaves that hold a phrase, sorted. */
export async function contentsWithPhrase(storage: Storage, ownerId: string, phrase: string): Promise<string[]> {
  const corpora = await readCorpora(storage, ownerId, { words: phrase, phrases: [[phrase]] });
  const rows = await readLeafRows(storage, { ownerId, corpora });
  const holding = rows.filter(({ phrased }) => phrased);
  return await contentsOf(storage, ownerId, holding);
}

/** Texts of leaves, sorted. */
export async function contentsOf(
  storage: Pick<Storage, "database">,
  ownerId: string,
  leaves: readonly Pick<LeafRow, "chunkId">[],
): Promise<string[]> {
  const contents = await readContents(storage, ownerId);
  return leaves.map(({ chunkId }) => contents.get(chunkId) ?? `no chunk ${chunkId}`).sort();
}
