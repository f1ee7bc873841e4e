import { describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { deleteDocument, deleteDocuments } from "../../src/storage/delete-documents.ts";
import { saveIndexProfile } from "../../src/storage/embedding-models.ts";
import { touchOwners } from "../../src/storage/owner-counters.ts";
import { readSearchFacts, termQuery } from "../../src/storage/search-facts.ts";
import { testDatabases } from "../support/databases.ts";
import { contentsWithPhrase, contentsWithWords, readCorpora, readFacts, readLeafRows } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, recordStatements, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("the facts of a search on $name", (kind) => {
  const storage = useStorage(kind);

  /** An owner with a chunk in each of these configurations; more of the earlier ones. */
  async function ownerOf(...configs: readonly string[]): Promise<string> {
    const ownerId = newOwner();
    const leavesOf = (index: number) => Array.from({ length: configs.length - index }, (_, leaf) => `${leaf} zebra`);
    await store(
      storage().database,
      configs.map((textConfig, index) => ({ ownerId, idAtOrigin: textConfig, textConfig, leaves: leavesOf(index) })),
    );
    return ownerId;
  }

  it("are nothing for an owner without documents", async () => {
    const facts = await readFacts(storage(), newOwner(), { words: "apple", phrases: [["pear"]], excluded: ["plum"] });
    expect(facts).toEqual({
      corpora: [],
      isCut: false,
      chunkCount: 0,
      expiredChunks: 0,
      writes: 0n,
      version: 0n,
      hasPendingEmbeddings: false,
      indexProfile: "balanced",
    });
  });

  it("exclude a word in every language, although the words are looked for in one", async () => {
    const ownerId = await ownerOf("english", "german");
    const query = { words: "zebra", phrases: [["zebra"]], excluded: ["running"] };
    const { corpora } = await readFacts(storage(), ownerId, query, "german");
    expect(corpora.map(({ textConfig, terms, required, excluded }) => ({ textConfig, terms, required, excluded }))).toEqual([
      { textConfig: "german", terms: ["zebra"], required: "('zebra')", excluded: "('running')" },
      { textConfig: "english", terms: [], required: undefined, excluded: "('run')" },
    ]);
  });

  it("are read in one statement", async () => {
    const ownerId = await ownerOf("english", "german");
    const { queryable, names } = recordStatements(storage().database);
    await readFacts({ ...storage(), database: { ...storage().database, query: queryable.query } }, ownerId, "apple");
    expect(names).toEqual(["read_search_facts"]);
  });

  it("tell of an owner's texts by configuration, most chunks first, without those that are gone", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    await store(database, [
      { ownerId, leaves: ["eins zwei", "drei"], textConfig: "german" },
      { ownerId, leaves: ["one two three", "four", "five"] },
      { ownerId, leaves: ["uno", "due"], textConfig: "italian" },
      { ownerId, idAtOrigin: "fr", leaves: ["un"], textConfig: "french" },
    ]);
    await database.transaction((transaction) => deleteDocument(transaction, { ownerId, idAtOrigin: "fr" }, new Date()));
    await database.transaction((transaction) => touchOwners(transaction, [ownerId]));
    const query = { words: "one", phrases: [["two three"]], excluded: ["four"] };
    const { corpora, chunkCount } = await readFacts(storage(), ownerId, query);
    expect(corpora.map(({ textConfig, chunkCount: chunks, tokenCount }) => [textConfig, chunks, tokenCount])).toEqual([
      ["english", 3, 5],
      ["german", 2, 3],
      ["italian", 2, 2],
    ]);
    expect(chunkCount).toBe(7);
  });

  describe("parse the words of a query", () => {
    it.each<{ words: string; english: string[]; german: string[]; simple: string[] }>([
      { words: "the rivers", english: ["river"], german: ["the", "riv"], simple: ["the", "rivers"] },
      { words: "die Häuser", english: ["die", "häuser"], german: ["haus"], simple: ["die", "häuser"] },
      { words: "mill Mill MILL mills", english: ["mill"], german: ["mill"], simple: ["mill", "mills"] },
      { words: "ｒｉｖｅｒ “mill”", english: ["river", "mill"], german: ["riv", "mill"], simple: ["river", "mill"] },
      { words: "日本語", english: ["日本", "本語"], german: ["日本", "本語"], simple: ["日本", "本語"] },
      { words: "the and of", english: [], german: ["the", "and", "of"], simple: ["the", "and", "of"] },
      { words: "", english: [], german: [], simple: [] },
      { words: "?! … — 🎈 ()", english: [], german: [], simple: [] },
    ])("as each configuration does: $words", async ({ words, ...terms }) => {
      const ownerId = await ownerOf("english", "german", "simple");
      const corpora = await readCorpora(storage(), ownerId, words);
      expect(Object.fromEntries(corpora.map((corpus) => [corpus.textConfig, corpus.terms]))).toEqual(terms);
      for (const corpus of corpora) expect([corpus.required, corpus.excluded]).toEqual([undefined, undefined]);
    });

    it.each([
      "a & b | !c <-> d",
      "'quoted' \\ back\\slash",
      ":* (( )) ''",
      "it''s o'clock \\' x\\",
      "50% _off_ $1 {}",
      "foo:*AB bar:1",
      "<b>html</b> &amp; http://x.org/a'b?c=d\\e",
      "null NULL ; drop table documents; --",
      "x".repeat(1_000),
    ])("never as syntax: %j", async (words) => {
      const ownerId = newOwner();
      await store(storage().database, [{ ownerId, leaves: [words, "something else"], textConfig: "simple" }]);
      const expected = /[\p{L}\p{N}]/u.test(words) ? [words] : [];
      expect(await contentsWithWords(storage(), ownerId, words)).toEqual(expected);
      const [corpus] = await readCorpora(storage(), ownerId, words);
      for (const term of corpus?.terms ?? []) {
        const { rows } = await storage().database.query<{ query: string; nodes: number }>(
          "parse_term",
          "select querytree($1::tsquery) as query, numnode($1::tsquery) as nodes",
          [termQuery(term)],
        );
        expect(rows[0]?.nodes).toBe(1);
      }
      if (expected.length === 0) return;
      expect(await contentsWithPhrase(storage(), ownerId, words)).toEqual(expected);
      const excluding = await readCorpora(storage(), ownerId, { words: "something", excluded: [words] });
      expect((await readLeafRows(storage(), { ownerId, corpora: excluding })).map(({ allowed }) => allowed)).toEqual([
        false,
        true,
      ]);
    });

    it("up to so many, and say that there are more", async () => {
      const ownerId = await ownerOf("simple");
      const words = Array.from({ length: limits.queryTermsMax + 1 }, (_, index) => `word${index}`);
      const within = await readFacts(storage(), ownerId, words.slice(1).join(" "));
      expect([within.corpora[0]?.terms, within.isCut]).toEqual([words.slice(1), false]);
      const beyond = await readFacts(storage(), ownerId, words.join(" "));
      expect([beyond.corpora[0]?.terms, beyond.isCut]).toEqual([words.slice(0, -1), true]);
    });

    it("in as many configurations as a query is parsed for, those with most chunks", async () => {
      const configs = ["english", "german", "french", "spanish", "italian", "dutch", "danish", "swedish", "simple"];
      const ownerId = await ownerOf(...configs);
      const facts = await readFacts(storage(), ownerId, "zebra");
      expect(facts.corpora.map(({ textConfig }) => textConfig)).toEqual(configs.slice(0, limits.queryLanguagesMax));
      expect([facts.isCut, facts.chunkCount]).toEqual([true, 45]);
    });

    it("in one configuration if only one is asked for, and miss nothing by that", async () => {
      const ownerId = await ownerOf("english", "german", "french");
      const facts = await readFacts(storage(), ownerId, "die Häuser", "german");
      expect(facts.corpora.map(({ textConfig, terms }) => [textConfig, terms])).toEqual([["german", ["haus"]]]);
      expect([facts.isCut, facts.chunkCount]).toEqual([false, 6]);
      const none = await readFacts(storage(), ownerId, "zebra", "spanish");
      expect([none.corpora, none.isCut, none.chunkCount]).toEqual([[], false, 6]);
    });
  });

  describe("parse phrases", () => {
    it.each<{ phrases: string[][]; required: string | undefined }>([
      { phrases: [["river bank"]], required: "('river' <-> 'bank')" },
      { phrases: [["bank of the river"]], required: "('bank' <3> 'river')" },
      { phrases: [["mill"], ["old town", "new town"]], required: "('mill') & ('old' <-> 'town' | 'new' <-> 'town')" },
      { phrases: [["the"], ["mill"]], required: "('mill')" },
      { phrases: [["the", "mill"]], required: "('mill')" },
      { phrases: [["the of"], ["and"]], required: undefined },
      { phrases: [["!?"]], required: undefined },
      { phrases: [], required: undefined },
    ])("into what a chunk must hold: $phrases", async ({ phrases, required }) => {
      const ownerId = await ownerOf("english");
      const [corpus] = await readCorpora(storage(), ownerId, { words: "x", phrases });
      expect(corpus?.required).toBe(required);
    });

    it("as each configuration does", async () => {
      const ownerId = await ownerOf("english", "german");
      const corpora = await readCorpora(storage(), ownerId, { words: "", phrases: [["the mills"]] });
      expect(corpora.map(({ required }) => required)).toEqual(["('mill')", "('the' <-> 'mill')"]);
    });
  });

  describe("parse what is excluded", () => {
    it.each<{ excluded: string[]; expected: string | undefined }>([
      { excluded: ["rivers"], expected: "('river')" },
      { excluded: ["river", "old town"], expected: "('river') | ('old' <-> 'town')" },
      { excluded: ["the", "river"], expected: "('river')" },
      { excluded: ["the"], expected: undefined },
      { excluded: ["…"], expected: undefined },
      { excluded: [], expected: undefined },
    ])("into what no result may hold: $excluded", async ({ excluded, expected }) => {
      const ownerId = await ownerOf("english");
      const [corpus] = await readCorpora(storage(), ownerId, { words: "x", excluded });
      expect(corpus?.excluded).toBe(expected);
    });

    it("beside phrases, and both are kept apart", async () => {
      const ownerId = await ownerOf("english");
      const query = { words: "a b", phrases: [["red fox"], ["sea"]], excluded: ["grey fox", "hill"] };
      const [corpus] = await readCorpora(storage(), ownerId, query);
      expect(corpus).toMatchObject({
        required: "('red' <-> 'fox') & ('sea')",
        excluded: "('grey' <-> 'fox') | ('hill')",
        terms: ["b"],
      });
    });
  });

  it("move their version with writes and with arriving vectors, and tell of chunks that wait for one", async () => {
    const ownerId = newOwner();
    const versions: bigint[] = [];
    const pending: boolean[] = [];
    const look = async () => {
      const facts = await readFacts(storage(), ownerId);
      versions.push(facts.version);
      pending.push(facts.hasPendingEmbeddings);
    };
    await look();
    await store(storage().database, [{ ownerId, idAtOrigin: "a", leaves: ["one", "two"] }]);
    await look();
    await embedWaiting(storage());
    await look();
    await store(storage().database, [{ ownerId, idAtOrigin: "a", leaves: ["one", "two", "three"] }]);
    await look();
    expect(new Set(versions).size).toBe(versions.length);
    expect(versions).toEqual(versions.toSorted((left, right) => (left < right ? -1 : 1)));
    expect(pending).toEqual([false, true, false, true]);
    await embedWaiting(storage());
  });

  it("wait for vectors of the owner's own chunks and of the model in use alone", async () => {
    const [ownerId, other] = [newOwner(), newOwner()];
    await store(storage().database, [{ ownerId }]);
    await embedWaiting(storage());
    await store(storage().database, [{ ownerId: other }]);
    await store(storage().database, [{ ownerId }], { modelId: "another/model" });
    expect((await readFacts(storage(), ownerId)).hasPendingEmbeddings).toBe(false);
    expect((await readFacts(storage(), other)).hasPendingEmbeddings).toBe(true);
    await embedWaiting(storage());
  });

  it("tell of what has expired by a time, and move their version with it, but not back when it is erased", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const expiresAt = new Date("2026-03-01T13:00:00Z");
    const words = { words: "", phrases: [], excluded: [] };
    const factsAt = (now: Date) => readSearchFacts(database, { ownerId, modelId: table.modelId, now }, words, undefined);
    await store(database, [{ ownerId }, { ownerId, leaves: ["one", "two"], expiresAt }], {
      now: new Date("2026-03-01T12:00:00Z"),
    });
    const before = await factsAt(new Date(expiresAt.getTime() - 1));
    expect(before).toMatchObject({ chunkCount: 3, expiredChunks: 0 });
    const after = await factsAt(expiresAt);
    expect(after).toMatchObject({ chunkCount: 3, expiredChunks: 2 });
    expect(after.version).toBeGreaterThan(before.version);
    await database.transaction((transaction) => deleteDocuments(transaction, ownerId, { kind: "expired", now: expiresAt }));
    const erased = await factsAt(expiresAt);
    expect(erased).toMatchObject({ chunkCount: 1, expiredChunks: 0 });
    expect(erased.version).toBeGreaterThan(after.version);
  });

  it("tell what the approximate index was built for last", async () => {
    const { database, table } = storage();
    const ownerId = await ownerOf("english");
    await saveIndexProfile(database, table, "accurate");
    expect((await readFacts(storage(), ownerId)).indexProfile).toBe("accurate");
    await saveIndexProfile(database, table, "balanced");
    expect((await readFacts(storage(), ownerId)).indexProfile).toBe("balanced");
  });
});

describe("a term as a query", () => {
  it.each([
    ["plain", "'plain'"],
    ["it's", "'it''s'"],
    ["back\\slash", "'back\\\\slash'"],
    ["\\'", "'\\\\'''"],
    ["a:*", "'a:*'"],
  ])("is quoted: %s", (lexeme, query) => {
    expect(termQuery(lexeme)).toBe(query);
  });
});
