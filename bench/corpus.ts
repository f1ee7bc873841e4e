import { v7 as uuidV7 } from "uuid";
import { embedHashedWords } from "../src/embedding/hashing-embedder.ts";
import type { Database } from "../src/storage/database.ts";
import type { EmbeddingTable } from "../src/storage/embedding-models.ts";
import { vectorArrayParameter } from "../src/storage/vector-codec.ts";
import { randomNumbers } from "../test/support/random-numbers.ts";

/** Owners and how many chunks each has. */
export type Owners = readonly { readonly ownerId: string; readonly chunks: number }[];

const chunksPerDocument = 4;
const wordsPerChunk = 70;
const vocabularySize = 20_000;
const topics = 500;
const wordsPerTopic = 60;

const consonants = "bdfgklmnprtvz";
const vowels = "aiou";

/** The n-th word of the vocabulary, as frequent as Zipf's law has it. It has no ending that a stemmer would take away. */
export function wordOf(rank: number): string {
  let word = "";
  for (let rest = rank + 1; rest > 0; rest = Math.floor(rest / (consonants.length * vowels.length))) {
    word += consonants.charAt(rest % consonants.length) + vowels.charAt(Math.floor(rest / consonants.length) % vowels.length);
  }
  return `${word}x`;
}

/** Half of each text is about its document's topic, half is words as frequent as Zipf's law has them. */
export function writeTexts(random: () => number): string[] {
  const topic = Math.floor(random() * topics);
  return Array.from({ length: chunksPerDocument }, () =>
    Array.from({ length: wordsPerChunk }, () =>
      wordOf(random() < 0.5 ? 200 + topic * 37 + Math.floor(random() * wordsPerTopic) : zipfRank(random)),
    ).join(" "),
  );
}

function zipfRank(random: () => number): number {
  return Math.floor(vocabularySize ** random()) - 1;
}

export interface FillOptions {
  readonly seed: number;
  /** The vector of a text; undefined: that of the hashing provider. */
  readonly vectorOf?: ((text: string) => Float32Array) | undefined;
  readonly onProgress?: (chunks: number) => void;
}

/**
 * Fills a migrated, empty database with documents of four chunks, as the service would have stored them, vectors included. Metadata
 * hold `half`, `twentieth` and `rare`, each number of which stands in 50, 5 and 0.5 % of the documents.
 */
export async function fillCorpus(database: Database, table: EmbeddingTable, owners: Owners, options: FillOptions): Promise<void> {
  const random = randomNumbers(options.seed);
  const vectorOf = options.vectorOf ?? ((text: string) => embedHashedWords(text, table.dimension));
  const now = new Date();
  let stored = 0;
  for (const { ownerId, chunks } of owners) {
    for (let done = 0; done < chunks; ) {
      const documents = Math.ceil(Math.min(chunks - done, 2_000) / chunksPerDocument);
      const rows = Array.from({ length: documents }, (_, index) => ({
        documentId: uuidV7(),
        number: done / chunksPerDocument + index,
        texts: writeTexts(random),
      }));
      await insertDocuments(database, table, { ownerId, rows, now, vectorOf });
      done += documents * chunksPerDocument;
      stored += documents * chunksPerDocument;
      options.onProgress?.(stored);
    }
  }
}

async function insertDocuments(
  database: Database,
  table: EmbeddingTable,
  batch: {
    readonly ownerId: string;
    readonly rows: readonly { documentId: string; number: number; texts: readonly string[] }[];
    readonly now: Date;
    readonly vectorOf: (text: string) => Float32Array;
  },
): Promise<void> {
  const { ownerId, rows: documents, now, vectorOf } = batch;
  const types = ["text", "chat", "email", "report", "markdown"];
  await database.query(
    "insert_documents",
    `insert into documents (owner_id, document_id, id_at_origin, document_name, document_type, document_date, metadata, language,
       fingerprint, chunk_count, size_bytes, version, created_at, updated_at)
     select $1, d, n::text, 'Document ' || n, t, $5::timestamptz - n * interval '1 minute',
            jsonb_build_object('half', n % 2, 'twentieth', n % 20, 'rare', n % 200), 'en', '\\x00', $6, 2000, 1, $5, $5
     from unnest($2::uuid[], $3::integer[], $4::text[]) as u (d, n, t)`,
    [
      ownerId,
      documents.map(({ documentId }) => documentId),
      documents.map(({ number }) => number),
      documents.map(({ number }) => types[number % types.length]),
      now,
      chunksPerDocument,
    ],
  );
  const chunks = documents.flatMap(({ documentId, texts }) =>
    texts.map((text, index) => ({ documentId, index, text, chunkId: uuidV7() })),
  );
  await database.query(
    "insert_chunks",
    `insert into document_chunks (owner_id, chunk_id, document_id, chunk_level, chunk_index, char_start, char_end, token_count,
       metadata, content, content_hash, text_config, search_vector)
     select $1, c, d, 0, i, i * 500, (i + 1) * 500, 90 + i, '{}', t, '\\x00', 'english', to_tsvector('english', t)
     from unnest($2::uuid[], $3::uuid[], $4::integer[], $5::text[]) as u (c, d, i, t)`,
    [
      ownerId,
      chunks.map(({ chunkId }) => chunkId),
      chunks.map(({ documentId }) => documentId),
      chunks.map(({ index }) => index),
      chunks.map(({ text }) => text),
    ],
  );
  await database.query(
    "insert_vectors",
    `insert into ${table.tableName} (owner_id, chunk_id, document_id, embedding)
     select $1, u.* from unnest($2::uuid[], $3::uuid[], $4::${table.vectorType}[]) as u`,
    [
      ownerId,
      chunks.map(({ chunkId }) => chunkId),
      chunks.map(({ documentId }) => documentId),
      vectorArrayParameter(
        table,
        chunks.map(({ text }) => vectorOf(text)),
      ),
    ],
  );
  await database.query(
    "count_chunks",
    `insert into owner_counters as c (owner_id, text_config, slot, chunk_count, token_count, version)
     values ($1, 'english', 0, $2, $3, 1)
     on conflict (owner_id, text_config, slot) do update
     set chunk_count = c.chunk_count + excluded.chunk_count, token_count = c.token_count + excluded.token_count, version = c.version + 1`,
    [ownerId, chunks.length, chunks.reduce((sum, { index }) => sum + 90 + index, 0)],
  );
}
