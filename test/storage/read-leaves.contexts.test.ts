import { describe, expect, it } from "vitest";
import { findNearest } from "../../src/storage/find-nearest.ts";
import { countLexemes, findUncountedCorpora, readLexemeFrequencies } from "../../src/storage/owner-lexemes.ts";
import { termQuery } from "../../src/storage/search-facts.ts";
import { testDatabases } from "../support/databases.ts";
import { leafRows, readContents, readCorpora, readLeafRows } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, recordStatements, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("words of context prefixes on $name", (kind) => {
  const storage = useStorage(kind);

  async function storePrefixed(ownerId: string): Promise<void> {
    await store(storage().database, [
      {
        ownerId,
        idAtOrigin: "prefixed",
        leaves: ["river mill", "mill mill", "the bank"],
        prefixes: ["river of rivers", "the old mill", undefined],
      },
      { ownerId, idAtOrigin: "plain", leaves: ["a river"] },
      { ownerId, idAtOrigin: "german", leaves: ["Mühlen"], prefixes: ["alte Mühle"], textConfig: "german" },
    ]);
  }

  it("count as if they were in the text, of each configuration as it reads them", async () => {
    const ownerId = newOwner();
    await storePrefixed(ownerId);
    const corpora = await readCorpora(storage(), ownerId, "river old mill Mühle");
    expect(corpora.map(({ textConfig, hasContexts }) => [textConfig, hasContexts])).toEqual([
      ["english", true],
      ["german", true],
    ]);
    const contents = await readContents(storage(), ownerId);
    const rows = await readLeafRows(storage(), { ownerId, corpora });
    expect(Object.fromEntries(rows.map((row) => [contents.get(row.chunkId), row.frequencies]))).toEqual({
      "river mill": [3, 0, 1, 0],
      "mill mill": [0, 1, 3, 0],
      "the bank": [0, 0, 0, 0],
      "a river": [1, 0, 0, 0],
      Mühlen: [0, 0, 0, 2],
    });
  });

  it("satisfy phrases and are excluded, together with those of the text", async () => {
    const ownerId = newOwner();
    await storePrefixed(ownerId);
    const contents = await readContents(storage(), ownerId);
    const chosen = async (flag: "allowed" | "phrased", query: Parameters<typeof readCorpora>[2]) => {
      const rows = await readLeafRows(storage(), { ownerId, corpora: await readCorpora(storage(), ownerId, query) });
      return rows.filter((row) => row[flag]).map((row) => contents.get(row.chunkId));
    };
    expect(await chosen("phrased", { words: "old mill", phrases: [["old mill"]] })).toEqual(["mill mill"]);
    // One in the text, one in the prefix.
    expect(await chosen("phrased", { words: "mill rivers", phrases: [["mill"], ["rivers"]] })).toEqual(["river mill"]);
    expect((await chosen("allowed", { words: "bank", excluded: ["rivers"] })).sort()).toEqual([
      "Mühlen",
      "mill mill",
      "the bank",
    ]);
  });

  it("are found by an index of their own where an owner is too large to be read whole", async () => {
    const ownerId = newOwner();
    await storePrefixed(ownerId);
    const corpora = await readCorpora(storage(), ownerId, "old rivers");
    const english = corpora.findIndex(({ textConfig }) => textConfig === "english");
    const matches = [[{ corpus: english, query: `${termQuery("old")} | ${termQuery("river")}` }]];
    const found = await findNearest(storage().database, storage().table, {
      ownerId,
      corpora,
      filter: {},
      queryVector: undefined,
      isExact: true,
      count: 10,
      matches,
      matchesMax: 10,
    });
    const contents = await readContents(storage(), ownerId);
    expect(
      leafRows(found.matched)
        .map(({ chunkId }) => contents.get(chunkId))
        .sort(),
    ).toEqual(["a river", "mill mill", "river mill"]);
  });

  it("count for how common a word is, asked for at once or counted ahead", async () => {
    const ownerId = newOwner();
    await storePrefixed(ownerId);
    const corpora = (await readCorpora(storage(), ownerId, "river old mill bank")).slice(0, 1);
    const frequencies = () => readLexemeFrequencies(storage().database, ownerId, corpora);
    expect(await frequencies()).toEqual([[2, 1, 2, 1]]);
    await countLexemes(storage().database, { ownerId, textConfig: "english" });
    expect(await frequencies()).toEqual([[2, 1, 2, 1]]);
  });

  it("are counted anew where a tenth of the chunks has got or lost its prefix", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    const leaves = Array.from({ length: 20 }, (_, index) => `leaf ${index}`);
    const put = (prefixed: number) =>
      store(database, [{ ownerId, idAtOrigin: "one", leaves, prefixes: leaves.slice(0, prefixed).map(() => "prefix") }]);
    const uncounted = () => findUncountedCorpora(database, { ownerIds: [ownerId], chunksMax: 0, count: 10 });
    await put(0);
    await countLexemes(database, { ownerId, textConfig: "english" });
    await put(2);
    expect(await uncounted()).toEqual([]);
    await put(3);
    expect(await uncounted()).toEqual([{ ownerId, textConfig: "english" }]);
    await countLexemes(database, { ownerId, textConfig: "english" });
    expect(await uncounted()).toEqual([]);
    await put(0);
    expect(await uncounted()).toEqual([{ ownerId, textConfig: "english" }]);
  });

  it("are not looked for where an owner has none, or none any more", async () => {
    const { database, table } = storage();
    const ownerId = newOwner();
    const document = { ownerId, idAtOrigin: "one", leaves: ["a river"] };
    const statement = async () => {
      const corpora = await readCorpora(storage(), ownerId, { words: "river", phrases: [["river"]], excluded: ["mill"] });
      const texts: string[] = [];
      const { queryable } = recordStatements({
        query: (name, text, ...rest) => {
          texts.push(text);
          return database.query(name, text, ...rest);
        },
      });
      await readLeafRows({ database: { ...database, ...queryable }, table }, { ownerId, corpora });
      return texts.join("\n");
    };
    await store(database, [document]);
    expect(await statement()).not.toContain("context_vector");
    await store(database, [{ ...document, prefixes: ["prefix"] }]);
    expect(await statement()).toContain("context_vector");
    await store(database, [{ ...document, leaves: ["a river", "more"] }]);
    expect(await statement()).not.toContain("context_vector");
  });
});
