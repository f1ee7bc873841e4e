import { describe, expect, it } from "vitest";
import type { IngestItem, IngestSession } from "../../src/documents/ingest-session.ts";
import { limits } from "../../src/domain/limits.ts";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { testDatabases } from "../support/databases.ts";
import { newDocument, useDocuments } from "../support/document-deps.ts";
import { dimension, hashingModel } from "../support/test-storage.ts";
import { ingest, item, newStream, openSession, type StreamKey, sequences } from "./ingest-items.ts";

/** More than one group, and each of them large enough to be copied where that can be. */
const count = limits.bulkBatchItemsMax + limits.copiedRowsMin;

/** A document of one leaf with its vector. */
function itemWithVector(key: StreamKey, sequence: number, content = `word${sequence} of a text`): IngestItem {
  const embedding = { modelId: hashingModel.modelId, vectors: [embedHashedWords(content, dimension)] };
  const document = newDocument({ ownerId: key.ownerId, idAtOrigin: `${sequence}`, content, language: "en", embedding });
  return { sequence, idAtOrigin: document.idAtOrigin, sizeBytes: 100, document };
}

describe.each(testDatabases())("a bulk load on $name", (kind) => {
  const deps = useDocuments(kind);
  const open = (key: StreamKey): Promise<IngestSession> => openSession(deps(), { ...key, isBulk: true });

  /** What is stored of an owner, and what the counters say of it. */
  async function stored(ownerId: string) {
    const { database, table } = deps();
    const { rows } = await database.query<Record<string, number>>(
      "count_stored",
      `select (select count(*)::integer from documents where owner_id = $1) as documents,
              (select max(version) from documents where owner_id = $1) as version,
              (select count(*)::integer from document_contents where owner_id = $1) as segments,
              (select count(*)::integer from document_chunks where owner_id = $1 and search_vector is not null) as chunks,
              (select count(*)::integer from ${table.tableName} where owner_id = $1 and not indexed) as vectors,
              (select count(*)::integer from embedding_jobs where owner_id = $1) as jobs,
              (select sum(chunk_count)::integer from owner_counters where owner_id = $1) as counted`,
      [ownerId],
    );
    return rows[0];
  }
  const wholly = (documents: number, version = 1) => ({
    documents,
    version,
    segments: documents,
    chunks: documents,
    vectors: documents,
    jobs: 0,
    counted: documents,
  });
  /** How often statements of a name have run. */
  const runs = async (name: RegExp) => {
    const { values } = await deps().metrics.dbQueryDurationSeconds.get();
    return values
      .filter(({ metricName, labels }) => metricName?.endsWith("_count") && name.test(String(labels.query_type)))
      .reduce((sum, { value }) => sum + value, 0);
  };

  it("stores texts, chunks and vectors with their counts, and leaves no jobs", async () => {
    const key = newStream();
    const before = await runs(/^copy_/);
    const items = sequences(1, count).map((sequence) => itemWithVector(key, sequence));
    const progress = await ingest(await open(key), items);
    expect(progress.at(-1)).toEqual({ durableUpTo: count, failures: [] });
    expect(await stored(key.ownerId)).toEqual(wholly(count));
    expect((await runs(/^copy_/)) > before).toBe(kind.name === "postgres");
  });

  it("has words made ahead, where that can be, which are those of an ordinary stream; nothing for what is stored just so", async () => {
    const made = () => runs(/^make_word_vectors$/);
    const contents = ["The runners ran.", "Die Häuser der Straße", "東京都に住む", "🙂!", "word ".repeat(2_000)];
    const load = async (key: StreamKey, streamId: string, isBulk: boolean) => {
      const items = contents.map((content, index) => item(key, index + 1, { content }));
      const before = await made();
      await ingest(await openSession(deps(), { ...key, streamId, isBulk }), items);
      return (await made()) > before;
    };
    const wordsOf = async (ownerId: string) => {
      const text = `select search_vector::text as words, text_config from document_chunks join documents using (document_id)
                    where document_chunks.owner_id = $1 order by id_at_origin, chunk_level, chunk_index`;
      return (await deps().database.query("read_words", text, [ownerId])).rows;
    };
    const [ordinary, bulk] = [newStream(), newStream()];
    expect(await load(ordinary, "first", false)).toBe(false);
    expect(await load(bulk, "first", true)).toBe(kind.name === "postgres");
    expect(await load(bulk, "again", true)).toBe(false);
    const words = await wordsOf(bulk.ownerId);
    expect(words).toEqual(await wordsOf(ordinary.ownerId));
    expect(words[0]).toEqual({ words: "'ran':3 'runner':2", text_config: "english" });
  });

  it("compares with what is stored already: the same stays, and what has changed is replaced", async () => {
    const key = newStream();
    const items = sequences(1, count).map((sequence) => itemWithVector(key, sequence));
    await ingest(await open(key), items);
    await ingest(await open({ ...key, streamId: "the same" }), items);
    expect(await stored(key.ownerId)).toEqual(wholly(count));
    const changed = sequences(1, count).map((sequence) =>
      itemWithVector(key, sequence, sequence % 2 === 0 ? `other${sequence} words` : undefined),
    );
    const more = sequences(count + 1, 2 * count).map((sequence) => itemWithVector(key, sequence));
    await ingest(await open({ ...key, streamId: "changed and new" }), [...changed, ...more]);
    expect(await stored(key.ownerId)).toEqual(wholly(2 * count, 2));
  });

  it("makes jobs for chunks that come without vectors, and only for these", async () => {
    const key = newStream();
    const items = sequences(1, count).map((sequence): IngestItem => {
      const item = itemWithVector(key, sequence);
      if (sequence % 4 !== 0 || !("ownerId" in item.document)) return item;
      return { ...item, document: { ...item.document, embedding: undefined } };
    });
    await ingest(await open(key), items);
    const without = Math.floor(count / 4);
    expect(await stored(key.ownerId)).toEqual({ ...wholly(count), vectors: count - without, jobs: without });
  });

  it("keeps all documents but the one that the database refuses, each once", async () => {
    const { database } = deps();
    const key = newStream();
    await database.query("poison", "alter table document_contents add constraint poison check (content <> 'poison')");
    try {
      const items = sequences(1, count).map((sequence) => itemWithVector(key, sequence, sequence === 300 ? "poison" : undefined));
      const progress = await ingest(await open(key), items);
      expect(progress.at(-1)?.durableUpTo).toBe(count);
      expect(progress.flatMap(({ failures }) => failures.map(({ sequence, error }) => ({ sequence, error })))).toEqual([
        { sequence: 300, error: { kind: "internal", message: "the document could not be stored" } },
      ]);
      expect(await stored(key.ownerId)).toEqual(wholly(count - 1));
    } finally {
      await database.query("antidote", "alter table document_contents drop constraint poison");
    }
  });

  it("keeps all documents but the one whose text the database refuses already when words are made ahead", async () => {
    const key = newStream();
    const items = sequences(1, 40).map((sequence) => itemWithVector(key, sequence, sequence === 20 ? "a\0b" : undefined));
    const progress = await ingest(await open(key), items);
    expect(progress.flatMap(({ failures }) => failures)).toMatchObject([{ sequence: 20, error: { kind: "internal" } }]);
    expect(await stored(key.ownerId)).toEqual(wholly(39));
  });

  it("gives wider windows than an ordinary stream, within the same bytes", async () => {
    const bulk = (await open(newStream())).window;
    const ordinary = (await openSession(deps(), newStream())).window;
    expect(bulk).toEqual({ items: limits.bulkWindowItems, bytes: ordinary.bytes });
  });
});
