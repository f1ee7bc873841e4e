import { describe, expect, it } from "vitest";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import { type CorpusKey, countLexemes, findUncountedCorpora, readLexemeFrequencies } from "../../src/storage/owner-lexemes.ts";
import { testDatabases } from "../support/databases.ts";
import { readCorpora } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, recordStatements, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("the lexemes of large owners on $name", (kind) => {
  const storage = useStorage(kind);

  async function storeLeaves(ownerId: string, leaves: readonly string[], textConfig = "english", idAtOrigin?: string) {
    await store(storage().database, [{ ownerId, leaves, textConfig, ...(idAtOrigin ? { idAtOrigin } : {}) }]);
  }

  /** How many chunks hold each word, by configuration, as a search would read it. */
  async function frequenciesOf(ownerId: string, words: string): Promise<Record<string, Record<string, number>>> {
    const corpora = await readCorpora(storage(), ownerId, words);
    const frequencies = await readLexemeFrequencies(storage().database, ownerId, corpora);
    return Object.fromEntries(
      corpora.map(({ textConfig, terms }, corpus) => [
        textConfig,
        Object.fromEntries(terms.map((term, index) => [term, frequencies[corpus]?.[index] ?? Number.NaN])),
      ]),
    );
  }

  /** What is counted of a corpus. */
  async function readCounts({ ownerId, textConfig }: CorpusKey): Promise<Record<string, number>> {
    const { rows } = await storage().database.query<{ lexeme: string; chunk_count: number }>(
      "read_counts",
      "select lexeme, chunk_count from owner_lexemes where owner_id = $1 and text_config = $2",
      [ownerId, textConfig],
    );
    return Object.fromEntries(rows.map((row) => [row.lexeme, row.chunk_count]));
  }

  /** The same, from the chunks. */
  async function countByHand({ ownerId, textConfig }: CorpusKey): Promise<Record<string, number>> {
    const { rows } = await storage().database.query<{ lexemes: string[] }>(
      "read_lexemes",
      "select tsvector_to_array(search_vector) as lexemes from document_chunks where owner_id = $1 and text_config = $2",
      [ownerId, textConfig],
    );
    const counts: Record<string, number> = {};
    for (const lexeme of rows.flatMap(({ lexemes }) => lexemes)) counts[lexeme] = (counts[lexeme] ?? 0) + 1;
    return counts;
  }

  const leaves = ["river mill", "river river bank", "o'clock \\slash", "the old mill", "日本語 river", ""];

  it("are counted as often as chunks hold them, per configuration, and anew each time", async () => {
    const ownerId = newOwner();
    await storeLeaves(ownerId, leaves);
    await storeLeaves(ownerId, ["der Fluss", "river"], "german");
    await store(storage().database, [{ ownerId: newOwner(), leaves }]);
    const [english, german] = [
      { ownerId, textConfig: "english" },
      { ownerId, textConfig: "german" },
    ];
    await countLexemes(storage().database, english);
    const counts = await readCounts(english);
    expect(counts).toEqual(await countByHand(english));
    expect(counts).toMatchObject({ river: 3, mill: 2, bank: 1, 日本: 1 });
    expect(await readCounts(german)).toEqual({});
    await storeLeaves(ownerId, ["the river bank"], "english", "more");
    expect(await readCounts(english)).toEqual(counts);
    await countLexemes(storage().database, english);
    expect(await readCounts(english)).toEqual({ ...counts, river: 4, bank: 2 });
    await storage().database.transaction((transaction) =>
      deleteDocument(transaction, { ownerId, idAtOrigin: "more" }, new Date()),
    );
    await countLexemes(storage().database, english);
    expect(await readCounts(english)).toEqual(counts);
  });

  it("are counted for owners of whatever name", async () => {
    const ownerId = `o'wner \\ %L $1 "x" ${newOwner()}`;
    await storeLeaves(ownerId, leaves);
    const key = { ownerId, textConfig: "english" };
    await countLexemes(storage().database, key);
    expect(await readCounts(key)).toEqual(await countByHand(key));
  });

  it("are read as they were counted, in proportion to the growth since", async () => {
    const ownerId = newOwner();
    await storeLeaves(ownerId, ["river mill", "river", "mill river", "bank"]);
    await countLexemes(storage().database, { ownerId, textConfig: "english" });
    expect(await frequenciesOf(ownerId, "river mill bank")).toEqual({ english: { river: 3, mill: 2, bank: 1 } });
    await storeLeaves(ownerId, ["river bank", "bank"], "english", "more");
    const grown = { river: expect.closeTo(4.5), mill: expect.closeTo(3), bank: expect.closeTo(1.5) };
    expect(await frequenciesOf(ownerId, "river mill bank")).toEqual({ english: grown });
    await countLexemes(storage().database, { ownerId, textConfig: "english" });
    expect(await frequenciesOf(ownerId, "river mill bank")).toEqual({ english: { river: 4, mill: 2, bank: 3 } });
  });

  it("of a word that came after the count are taken for one", async () => {
    const ownerId = newOwner();
    await storeLeaves(ownerId, ["river", "mill"]);
    await countLexemes(storage().database, { ownerId, textConfig: "english" });
    expect(await frequenciesOf(ownerId, "zebra river")).toEqual({ english: { zebra: 1, river: 1 } });
  });

  it("of a corpus that was never counted are counted now, for the terms alone and those of other corpora as they are", async () => {
    const ownerId = newOwner();
    await storeLeaves(ownerId, ["river mill", "river", "o'clock"]);
    await storeLeaves(ownerId, ["river", "Fluss"], "german");
    await countLexemes(storage().database, { ownerId, textConfig: "german" });
    await storeLeaves(ownerId, ["river", "river"], "german", "more");
    expect(await frequenciesOf(ownerId, "river zebra mill")).toEqual({
      english: { river: 2, zebra: 0, mill: 1 },
      german: { riv: 2, zebra: 2, mill: 2 },
    });
    expect(await readCounts({ ownerId, textConfig: "english" })).toEqual({});
  });

  it("of a corpus that was counted while it was empty are counted now", async () => {
    const ownerId = newOwner();
    await countLexemes(storage().database, { ownerId, textConfig: "english" });
    await storeLeaves(ownerId, ["river", "river mill"]);
    expect(await frequenciesOf(ownerId, "river mill zebra")).toEqual({ english: { river: 2, mill: 1, zebra: 0 } });
  });

  it("take no statement where no term is asked for, one where all is counted, and two where it is not", async () => {
    const ownerId = newOwner();
    await storeLeaves(ownerId, ["river"]);
    await storeLeaves(ownerId, ["Fluss"], "german");
    const namesOf = async (words: string) => {
      const corpora = await readCorpora(storage(), ownerId, words);
      const { queryable, names } = recordStatements(storage().database);
      const frequencies = await readLexemeFrequencies(queryable, ownerId, corpora);
      expect(frequencies.map((terms) => terms.length)).toEqual(corpora.map(({ terms }) => terms.length));
      return names;
    };
    expect(await namesOf("?!")).toEqual([]);
    expect(await namesOf("river")).toEqual(["read_lexeme_frequencies", "count_terms"]);
    await countLexemes(storage().database, { ownerId, textConfig: "english" });
    await countLexemes(storage().database, { ownerId, textConfig: "german" });
    expect(await namesOf("river")).toEqual(["read_lexeme_frequencies"]);
    // A stop word of one language alone.
    expect(await namesOf("the")).toEqual(["read_lexeme_frequencies"]);
  });

  it("are counted once though several count at the same time, and are whole for whoever reads meanwhile", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    await storeLeaves(ownerId, leaves);
    const key = { ownerId, textConfig: "english" };
    const expected = await countByHand(key);
    const seen: Record<string, number>[] = [];
    await Promise.all([
      ...Array.from({ length: 6 }, () => countLexemes(database, key)),
      ...Array.from({ length: 12 }, async () => {
        seen.push(await readCounts(key));
      }),
    ]);
    expect(await readCounts(key)).toEqual(expected);
    for (const counts of seen) expect([{}, expected]).toContainEqual(counts);
  });

  it("stay as they were if counting is given up", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    await storeLeaves(ownerId, leaves);
    const key = { ownerId, textConfig: "english" };
    await countLexemes(database, key);
    const before = await readCounts(key);
    await storeLeaves(ownerId, ["more river"], "english", "more");
    await expect(countLexemes(database, key, AbortSignal.abort())).rejects.toThrow();
    expect(await readCounts(key)).toEqual(before);
  });

  describe("are to be counted", () => {
    async function due(ownerIds: readonly string[], chunksMax: number, count = 100) {
      const found = await findUncountedCorpora(storage().database, { ownerIds, chunksMax, count });
      return found.map(({ ownerId, textConfig }) => `${ownerIds.indexOf(ownerId)} ${textConfig}`);
    }

    it("of owners with more chunks than read whole, all corpora together, in order and up to so many", async () => {
      const owners = [newOwner(), newOwner(), newOwner()].toSorted();
      const [first = "", second = "", third = ""] = owners;
      await storeLeaves(first, ["a1", "b1", "c1"]);
      await storeLeaves(second, ["a1", "b1"]);
      await storeLeaves(second, ["c1"], "german");
      await storeLeaves(third, ["a1", "b1"]);
      expect(await due(owners, 2)).toEqual(["0 english", "1 english", "1 german"]);
      expect(await due(owners, 2, 2)).toEqual(["0 english", "1 english"]);
      expect(await due([second, third], 2)).toEqual(["0 english", "0 german"]);
      expect(await due(owners, 3)).toEqual([]);
      expect(await due([], 0)).toEqual([]);
      const everyone = await findUncountedCorpora(storage().database, { chunksMax: 2, count: 10_000 });
      expect(everyone).toEqual(expect.arrayContaining([{ ownerId: second, textConfig: "german" }]));
      expect(everyone.map(({ ownerId }) => ownerId)).not.toContain(third);
    });

    it.each([
      { chunks: 20, change: "are as many", due: false },
      { chunks: 22, change: "are a tenth more", due: false },
      { chunks: 23, change: "are more than a tenth more", due: true },
      { chunks: 18, change: "are a tenth less", due: false },
      { chunks: 17, change: "are more than a tenth less", due: true },
    ])("again once there are $chunks of 20 chunks: these $change", async ({ chunks, due: isDue }) => {
      const ownerId = newOwner();
      const leavesOf = (count: number) => Array.from({ length: count }, (_, leaf) => `word${leaf}`);
      await storeLeaves(ownerId, leavesOf(20), "english", "a");
      expect(await due([ownerId], 10)).toEqual(["0 english"]);
      await countLexemes(storage().database, { ownerId, textConfig: "english" });
      expect(await due([ownerId], 10)).toEqual([]);
      await storeLeaves(ownerId, leavesOf(chunks), "english", "a");
      expect(await due([ownerId], 10)).toEqual(isDue ? ["0 english"] : []);
    });

    it("no more once a corpus is gone", async () => {
      const ownerId = newOwner();
      await storeLeaves(ownerId, ["a1", "b1", "c1"]);
      await storeLeaves(ownerId, ["a1"], "german", "gone");
      await storage().database.transaction((transaction) =>
        deleteDocument(transaction, { ownerId, idAtOrigin: "gone" }, new Date()),
      );
      expect(await due([ownerId], 2)).toEqual(["0 english"]);
    });
  });
});
