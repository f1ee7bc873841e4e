import { describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import type { LeafScope } from "../../src/storage/read-leaves.ts";
import { readLeaves } from "../../src/storage/read-leaves.ts";
import { vectorParameter } from "../../src/storage/vector-codec.ts";
import { testDatabases } from "../support/databases.ts";
import { contentsOf, type LeafRow, readContents, readCorpora, readLeafRows } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, embedWaiting, newOwner, recordStatements, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("leaves on $name", (kind) => {
  const storage = useStorage(kind);

  describe("have frequencies", () => {
    it("that are exact up to 64, whatever else is in the chunk", async () => {
      const ownerId = newOwner();
      const counts = [...Array.from({ length: 70 }, (_, count) => count), 100, 255];
      const leaves = counts.map((count) => `zebra ${"word ".repeat(count)}${"other things ".repeat(count % 11)} horse`);
      await store(storage().database, [{ ownerId, leaves, textConfig: "simple" }]);
      const corpora = await readCorpora(storage(), ownerId, "word zebra missing");
      const rows = await readLeafRows(storage(), { ownerId, corpora });
      expect(rows.map(({ frequencies }) => frequencies)).toEqual(counts.map((count) => [Math.min(64, count), 1, 0]));
    });

    it("of each configuration's own terms, and zeros beyond them", async () => {
      const ownerId = newOwner();
      await store(storage().database, [
        { ownerId, leaves: ["the mills of the town", "the end"] },
        { ownerId, leaves: ["die Mühlen der Stadt the the", "town mill"], textConfig: "german" },
        { ownerId, leaves: ["los molinos"], textConfig: "spanish" },
      ]);
      const corpora = await readCorpora(storage(), ownerId, "the mills Mühle");
      expect(corpora.map(({ textConfig, terms }) => [textConfig, terms])).toEqual([
        ["english", ["mill", "mühle"]],
        ["german", ["the", "mill", "muhl"]],
        ["spanish", ["the", "mills", "mühl"]],
      ]);
      const rows = await readLeafRows(storage(), { ownerId, corpora });
      const contents = await readContents(storage(), ownerId);
      const found = Object.fromEntries(rows.map((row) => [contents.get(row.chunkId), [row.corpus, row.frequencies]]));
      expect(found).toEqual({
        "the mills of the town": [0, [1, 0, 0]],
        "the end": [0, [0, 0, 0]],
        "die Mühlen der Stadt the the": [1, [2, 0, 1]],
        "town mill": [1, [0, 1, 0]],
        "los molinos": [2, [0, 0, 0]],
      });
    });

    it("of nothing in a configuration that the query was not parsed for, and the leaf says so", async () => {
      const ownerId = newOwner();
      await store(storage().database, [
        { ownerId, leaves: ["zebra zebra"] },
        { ownerId, leaves: ["zebra"], textConfig: "german" },
      ]);
      const corpora = await readCorpora(storage(), ownerId, "zebra");
      const rows = await readLeafRows(storage(), {
        ownerId,
        corpora: corpora.filter(({ textConfig }) => textConfig === "german"),
      });
      expect(rows.map(({ corpus, frequencies }) => [corpus, frequencies]).sort()).toEqual([
        [-1, [0]],
        [0, [1]],
      ]);
    });

    it("of no width where no term is asked for", async () => {
      const ownerId = newOwner();
      await store(storage().database, [{ ownerId, leaves: ["one", "two"] }]);
      for (const corpora of [[], await readCorpora(storage(), ownerId, "the")]) {
        const leaves = await readLeaves(storage().database, storage().table, {
          ownerId,
          corpora,
          queryVector: undefined,
          scope: { kind: "owner" },
          filter: {},
        });
        expect([leaves.count, leaves.width, leaves.frequencies.length]).toEqual([2, 0, 0]);
      }
    });
  });

  it("have the database's own similarity, and NaN where there is no vector", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const leaves = ["river mill", "old town bridge", "river", "something else altogether", "mill river river"];
    await store(database, [{ ownerId, leaves }]);
    await embedWaiting(storage());
    await store(database, [{ ownerId, idAtOrigin: "waits", leaves: ["river waits"] }]);
    const queryVector = embedHashedWords("the river mill", dimension);
    const { rows: expected } = await database.query<{ chunk_id: string; similarity: number }>(
      "similarities",
      `select chunk_id, (1 - (embedding <=> $2::${table.vectorType}(${dimension})))::real as similarity
       from ${table.tableName} where owner_id = $1`,
      [ownerId, vectorParameter(table, queryVector)],
    );
    const similarities = new Map(expected.map((row) => [row.chunk_id, Math.fround(row.similarity)]));
    expect(new Set(similarities.values()).size).toBeGreaterThan(3);
    const contents = await readContents(storage(), ownerId);
    for (const scope of [{ kind: "owner" }, { kind: "allowed" }] as const) {
      const rows = await readLeafRows(storage(), { ownerId, queryVector, scope });
      expect(rows).toHaveLength(6);
      for (const { chunkId, similarity } of rows) expect(similarity).toBe(similarities.get(chunkId) ?? Number.NaN);
      expect(rows.filter(({ similarity }) => Number.isNaN(similarity)).map(({ chunkId }) => contents.get(chunkId))).toEqual([
        "river waits",
      ]);
    }
    for (const { similarity } of await readLeafRows(storage(), { ownerId })) expect(similarity).toBeNaN();
    await embedWaiting(storage());
  });

  it("say what they are: document, index, tokens, speaker", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    await store(database, [
      { ownerId, leaves: ["a", "b c", "d e f"], parents: [2, 1] },
      { ownerId, leaves: ["g"], tokenCount: 2_000 },
    ]);
    for (const { speaker } of await readLeafRows(storage(), { ownerId })) expect(speaker).toBeNull();
    await database.query(
      "set_speakers",
      `update document_chunks set metadata = jsonb_build_object('speaker', 'Zoë ' || content)
       where owner_id = $1 and content in ('b c', 'g')`,
      [ownerId],
    );
    const { rows: stored } = await database.query<{ chunk_id: string; document_id: string; content: string }>(
      "read_stored",
      "select chunk_id, document_id, content from document_chunks where owner_id = $1 and chunk_level = 0",
      [ownerId],
    );
    const ids = new Map(stored.map((row) => [row.content, { chunkId: row.chunk_id, documentId: row.document_id }]));
    const rows = await readLeafRows(storage(), { ownerId });
    const facts = rows.map(({ chunkId, documentId, chunkIndex, tokenCount, speaker }) => {
      return { chunkId, documentId, chunkIndex, tokenCount, speaker };
    });
    const expected = [
      { ...ids.get("a"), chunkIndex: 0, tokenCount: 1, speaker: null },
      { ...ids.get("b c"), chunkIndex: 1, tokenCount: 2, speaker: "Zoë b c" },
      { ...ids.get("d e f"), chunkIndex: 2, tokenCount: 3, speaker: null },
      { ...ids.get("g"), chunkIndex: 0, tokenCount: 2_000, speaker: "Zoë g" },
    ];
    expect(facts).toHaveLength(expected.length);
    expect(facts).toEqual(expect.arrayContaining(expected));
  });

  describe("say whether they are allowed", () => {
    const leavesByType = { text: ["grey fox", "red fox"], chat: ["red fox in chat", "sea"] } as const;

    async function newFoxes(): Promise<string> {
      const ownerId = newOwner();
      await store(storage().database, [
        { ownerId, documentType: "text", leaves: leavesByType.text },
        { ownerId, documentType: "chat", leaves: leavesByType.chat },
        { ownerId, documentType: "text", leaves: ["der graue fox"], textConfig: "german" },
      ]);
      return ownerId;
    }

    async function contentsOfAllowed(ownerId: string, rows: readonly LeafRow[]): Promise<string[]> {
      const allowed = rows.filter((row) => row.allowed);
      return await contentsOf(storage(), ownerId, allowed);
    }

    it.each<{ what: string; documentTypes?: ("chat" | "text")[]; excluded?: string[]; allowed: string[] }>([
      { what: "nothing", allowed: ["der graue fox", "grey fox", "red fox", "red fox in chat", "sea"] },
      { what: "a filter", documentTypes: ["chat"], allowed: ["red fox in chat", "sea"] },
      { what: "a word in another form", excluded: ["foxes"], allowed: ["sea"] },
      { what: "a word of one language", excluded: ["graues"], allowed: ["grey fox", "red fox", "red fox in chat", "sea"] },
      { what: "a phrase", excluded: ["red fox"], allowed: ["der graue fox", "grey fox", "sea"] },
      { what: "words", excluded: ["grey", "sea"], allowed: ["der graue fox", "red fox", "red fox in chat"] },
      { what: "a filter and a word", documentTypes: ["text"], excluded: ["red"], allowed: ["der graue fox", "grey fox"] },
      {
        what: "a word that is a stop word here",
        excluded: ["the"],
        allowed: ["der graue fox", "grey fox", "red fox", "red fox in chat", "sea"],
      },
    ])("where $what excludes some", async ({ documentTypes, excluded = [], allowed }) => {
      const ownerId = await newFoxes();
      const corpora = await readCorpora(storage(), ownerId, { words: "fox", excluded });
      const filter = documentTypes ? { documentTypes } : {};
      const rows = await readLeafRows(storage(), { ownerId, corpora, filter });
      expect(rows).toHaveLength(5);
      expect(await contentsOfAllowed(ownerId, rows)).toEqual(allowed);
      // What is not allowed still tells how frequent words are.
      expect(rows.filter(({ frequencies }) => frequencies[0] === 1)).toHaveLength(4);
      const among = await readLeafRows(storage(), { ownerId, corpora, filter, scope: { kind: "allowed" } });
      expect(await contentsOfAllowed(ownerId, among)).toEqual(allowed);
      const ranges = [...new Set(rows.map(({ documentId }) => documentId))].map((documentId) => ({
        documentId,
        first: 0,
        last: 9,
      }));
      expect(await readLeafRows(storage(), { ownerId, corpora, filter, scope: { kind: "ranges", ranges } })).toEqual(rows);
    });

    it.each<{ phrases: string[][]; phrased: string[] }>([
      { phrases: [["red fox"]], phrased: ["red fox", "red fox in chat"] },
      { phrases: [["fox red"]], phrased: [] },
      { phrases: [["red fox", "sea"]], phrased: ["red fox", "red fox in chat", "sea"] },
      { phrases: [["red fox"], ["chats"]], phrased: ["red fox in chat"] },
      { phrases: [["graue fox"]], phrased: ["der graue fox"] },
      { phrases: [["der"]], phrased: ["der graue fox"] },
    ])("and whether they hold the phrases $phrases", async ({ phrases, phrased }) => {
      const ownerId = await newFoxes();
      const corpora = await readCorpora(storage(), ownerId, { words: "fox", phrases });
      const rows = await readLeafRows(storage(), { ownerId, corpora });
      const holding = rows.filter((row) => row.phrased);
      expect(await contentsOf(storage(), ownerId, holding)).toEqual(phrased);
      expect(rows.every(({ allowed }) => allowed)).toBe(true);
    });
  });

  describe("are the same", () => {
    it("however they are chosen: the owner, what a filter allows, parts of documents", async () => {
      const { database } = storage();
      const ownerId = newOwner();
      await store(database, [
        { ownerId, leaves: ["river mill", "red fox", "river river", "mill", "sea"], parents: [3, 2] },
        { ownerId, leaves: ["der Fluss", "river mill"], textConfig: "german" },
        { ownerId, leaves: ["river"] },
      ]);
      await embedWaiting(storage());
      const corpora = await readCorpora(storage(), ownerId, {
        words: "river mill",
        phrases: [["river mill"]],
        excluded: ["fox"],
      });
      const queryVector = embedHashedWords("river mill", dimension);
      const read = (scope: LeafScope) => readLeafRows(storage(), { ownerId, corpora, queryVector, scope });
      const all = await read({ kind: "owner" });
      expect(all).toHaveLength(8);
      expect(await read({ kind: "allowed" })).toEqual(all);
      const documentIds = [...new Set(all.map(({ documentId }) => documentId))];
      const whole = documentIds.map((documentId) => ({ documentId, first: 0, last: 100 }));
      expect(await read({ kind: "ranges", ranges: whole })).toEqual(all);
      const long = all.find(({ chunkIndex }) => chunkIndex === 4)?.documentId ?? "";
      const parts = await read({
        kind: "ranges",
        ranges: [
          { documentId: long, first: 0, last: 1 },
          { documentId: long, first: 4, last: 9 },
        ],
      });
      expect(parts).toEqual(all.filter((row) => row.documentId === long && [0, 1, 4].includes(row.chunkIndex)));
      expect(await read({ kind: "ranges", ranges: [] })).toEqual([]);
    });

    it("and are read in one statement, however many corpora and ranges there are", async () => {
      const ownerId = newOwner();
      const configs = ["english", "german", "french", "spanish", "italian", "dutch", "danish", "swedish"];
      await store(
        storage().database,
        configs.map((textConfig) => ({ ownerId, idAtOrigin: textConfig, textConfig, leaves: ["zebra word5 word63"] })),
      );
      const words = Array.from({ length: 64 }, (_, index) => `word${index}`).join(" ");
      const corpora = await readCorpora(storage(), ownerId, { words, phrases: [["word5 word63"]], excluded: ["horse"] });
      const { queryable, names } = recordStatements(storage().database);
      const leaves = await readLeaves(queryable, storage().table, {
        ownerId,
        corpora,
        queryVector: embedHashedWords("zebra", dimension),
        scope: { kind: "owner" },
        filter: {},
      });
      expect(names).toEqual(["read_leaves_of_owner"]);
      expect([leaves.count, leaves.width]).toEqual([8, 64]);
      for (let leaf = 0; leaf < 8; leaf++) {
        const frequencies = [...leaves.frequencies.subarray(leaf * 64, leaf * 64 + 64)];
        expect(frequencies.flatMap((frequency, term) => (frequency > 0 ? [term] : []))).toEqual([5, 63]);
      }
      expect([...leaves.phrased]).toEqual(Array(8).fill(1));
    });

    it("for the owner whose they are, and nobody else", async () => {
      const [ownerId, other] = [newOwner(), newOwner()];
      await store(storage().database, [
        { ownerId, leaves: ["mine"] },
        { ownerId: other, leaves: ["theirs", "more"] },
      ]);
      const theirs = await readLeafRows(storage(), { ownerId: other });
      const ranges = theirs.map(({ documentId }) => ({ documentId, first: 0, last: 9 }));
      expect(theirs).toHaveLength(2);
      expect(await readLeafRows(storage(), { ownerId })).toHaveLength(1);
      const filter = { documentIds: theirs.map(({ documentId }) => documentId) };
      expect(await readLeafRows(storage(), { ownerId, filter, scope: { kind: "allowed" } })).toEqual([]);
      expect(await readLeafRows(storage(), { ownerId, scope: { kind: "ranges", ranges: ranges.slice(0, 1) } })).toEqual([]);
      expect(await readLeafRows(storage(), { ownerId: newOwner() })).toEqual([]);
    });
  });
});
