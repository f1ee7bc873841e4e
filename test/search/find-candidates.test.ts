import { beforeAll, describe, expect, it } from "vitest";
import type { DocumentFilter } from "../../src/domain/filter.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Candidates } from "../../src/search/find-candidates.ts";
import { countLexemes } from "../../src/storage/owner-lexemes.ts";
import { testDatabases } from "../support/databases.ts";
import { findCandidatesOf, leavesPerDocument, storeLargeOwner, wordOf } from "../support/large-owner.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

const documents = 1_100;
const half: DocumentFilter = { metadata: { kind: "equal", path: ["half"], value: 1 } };
const twentieth: DocumentFilter = { metadata: { kind: "equal", path: ["twentieth"], value: 3 } };
/** The last of them nothing holds. */
const rareWords = [700, 900, 1_200, 9_999].map(wordOf).join(" ");

describe.each(testDatabases())("candidates of a large owner on $name", (kind) => {
  const storage = useStorage(kind);
  const ownerId = newOwner();
  /** Two words that stand side by side somewhere, neither of them frequent. */
  let phrase = "";

  beforeAll(async () => {
    const sketches = await storeLargeOwner(storage(), ownerId, documents);
    const pairs = sketches.flatMap(({ leaves = [] }) => leaves.flatMap((leaf) => leaf.match(/w[3-9]\d\dx w[3-9]\d\dx/) ?? []));
    phrase = pairs[0] ?? "";
    await store(storage().database, [{ leaves: [rareWords, phrase, wordOf(1)] }]);
  });

  const find = (queryText: string, given: Parameters<typeof findCandidatesOf>[3] = {}) =>
    findCandidatesOf(storage(), ownerId, queryText, given);

  async function countChunks(chunkIds: readonly string[], condition: string, ...values: string[]): Promise<number | undefined> {
    const { rows } = await storage().database.query<{ count: number }>(
      "count_chunks",
      `select count(*)::integer as count from document_chunks where chunk_id = any($1::uuid[]) and ${condition}`,
      [chunkIds, ...values],
    );
    return rows[0]?.count;
  }

  /** By id, with numbers rounded to what single precision holds. */
  function comparable({ candidates }: Candidates): Map<string, unknown> {
    const rounded = (value: number | undefined) => value?.toPrecision(6);
    return new Map(
      candidates
        .map((candidate) => ({ ...candidate, similarity: rounded(candidate.similarity), textRank: rounded(candidate.textRank) }))
        .toSorted((left, right) => (left.chunkId < right.chunkId ? -1 : 1))
        .map((candidate) => [candidate.chunkId, candidate]),
    );
  }

  const queries: { what: string; query: () => string }[] = [
    { what: "rare words", query: () => rareWords },
    { what: "a phrase", query: () => `"${phrase}"` },
    { what: "an excluded word", query: () => `${rareWords} -${wordOf(2)}` },
    { what: "an excluded phrase and a word", query: () => `${wordOf(700)} ${phrase} -"${phrase}"` },
    { what: "nothing but stop words", query: () => "the and of" },
  ];
  const filters: { filter: DocumentFilter; left: string; reads: string }[] = [
    { filter: {}, left: "everything", reads: "asks the indexes" },
    { filter: half, left: "half", reads: "asks the indexes" },
    { filter: twentieth, left: "a twentieth", reads: "reads what it leaves" },
  ];

  describe.each(queries)("with $what", ({ query }) => {
    // At window 3 a document of four leaves stands together whole, so that all leaves have windows of one size.
    it.each(filters.flatMap((filter) => [0, 3].map((textWindow) => ({ ...filter, textWindow }))))(
      "and a filter that leaves $left are those of reading the owner whole, at a window of $textWindow: it $reads",
      async ({ filter, textWindow }) => {
        const whole = await find(query(), { filter, textWindow, readsWhole: true });
        const found = await find(query(), { filter, textWindow });
        expect(found).toMatchObject({ plan: "exact", isCut: false, isLate: false });
        expect(comparable(found)).toEqual(comparable(whole));
        // No vector is in the approximate index yet, so that one compares them all as well.
        const approximate = await find(query(), { filter, textWindow, exactChunksMax: 10 });
        expect(comparable(approximate)).toEqual(comparable(whole));
      },
    );
  });

  it.each([
    { what: "words alone", given: { queryVector: undefined } },
    { what: "vectors alone", given: { looksAtWords: false } },
  ])("are those of reading the owner whole by $what", async ({ given }) => {
    for (const filter of [{}, half, twentieth]) {
      const whole = await find(rareWords, { filter, readsWhole: true });
      const side = (found: Candidates, position: "vectorPosition" | "textPosition") =>
        found.candidates
          .filter((candidate) => candidate[position] !== undefined)
          .toSorted((left, right) => (left[position] ?? 0) - (right[position] ?? 0))
          .map(({ chunkId }) => chunkId);
      const found = await find(rareWords, { filter, ...given });
      const position = "looksAtWords" in given ? "vectorPosition" : "textPosition";
      expect(found.candidates.length).toBeGreaterThan(0);
      expect(side(found, position)).toEqual(side(whole, position));
      expect(found.candidates).toHaveLength(side(whole, position).length);
    }
  });

  it("score nearly alike at the window that searches have", async () => {
    const ranks = ({ candidates }: Candidates) => new Map(candidates.map((c): [string, number] => [c.chunkId, c.textRank ?? 0]));
    for (const filter of [{}, twentieth]) {
      const whole = ranks(await find(rareWords, { filter, textWindow: 2, readsWhole: true }));
      const found = ranks(await find(rareWords, { filter, textWindow: 2 }));
      expect(new Set(found.keys())).toEqual(new Set(whole.keys()));
      for (const [chunkId, textRank] of found) {
        expect(Math.abs(textRank - (whole.get(chunkId) ?? 0))).toBeLessThanOrEqual(0.05 * textRank);
      }
    }
  });

  it("begin alike where more places hold words than are read", async () => {
    const best = ({ candidates }: Candidates) =>
      candidates.filter(({ textPosition = 100 }) => textPosition <= 20).map(({ chunkId }) => chunkId);
    let alike = 0;
    const queries = [60, 75, 90, 105, 120].map((rank) => [rank, 3 * rank, 5 * rank].map(wordOf).join(" "));
    for (const query of queries) {
      const given = { textWindow: 2, count: limits.searchCandidates };
      const whole = new Set(best(await find(query, { ...given, readsWhole: true })));
      alike += best(await find(query, given)).filter((chunkId) => whole.has(chunkId)).length;
    }
    expect(alike / (20 * queries.length)).toBeGreaterThanOrEqual(0.95);
  });

  it("stay the same once the owner's words are counted ahead", async () => {
    const before = await find(rareWords, { textWindow: 3 });
    for (const textConfig of ["english", "german"]) await countLexemes(storage().database, { ownerId, textConfig });
    expect(comparable(await find(rareWords, { textWindow: 3 }))).toEqual(comparable(before));
  });

  it("are of this owner alone", async () => {
    const { candidates } = await find(rareWords);
    const { rows } = await storage().database.query<{ owner_id: string }>(
      "owners_of_chunks",
      "select distinct owner_id from document_chunks where chunk_id = any($1::uuid[])",
      [candidates.map(({ chunkId }) => chunkId)],
    );
    expect(rows).toEqual([{ owner_id: ownerId }]);
  });

  it("hold the chunks of the rare words where others are too frequent to look up, and say that some are left out", async () => {
    const rare = await find(wordOf(1_200), { queryVector: undefined });
    const found = await find(`${wordOf(1)} ${wordOf(1_200)}`, { queryVector: undefined, count: rare.candidates.length });
    expect([rare.isCut, found.isCut]).toEqual([false, true]);
    expect(rare.candidates.length).toBeGreaterThan(3);
    const ids = found.candidates.map(({ chunkId }) => chunkId);
    expect(ids).toEqual(expect.arrayContaining(rare.candidates.map(({ chunkId }) => chunkId)));
    // Of the German chunks there are few enough to look up the frequent word as well.
    expect(await countChunks(ids, "text_config = 'english' and content !~ $2", `\\m${wordOf(1_200)}\\M`)).toBe(0);
  });

  it("are filled up with chunks of the frequent words where the rare ones are in too few", async () => {
    const rare = await find(wordOf(1_200), { queryVector: undefined });
    const count = rare.candidates.length + 50;
    const found = await find(`${wordOf(1)} ${wordOf(1_200)}`, { queryVector: undefined, count });
    expect(found.candidates).toHaveLength(count);
    expect(new Set(found.candidates.map(({ chunkId }) => chunkId)).size).toBe(count);
  });

  it("hold chunks with all the words first where each is too frequent to look up", async () => {
    const found = await find(`${wordOf(1)} ${wordOf(2)}`, { queryVector: undefined, count: 50 });
    expect(found.isCut).toBe(true);
    expect(found.candidates).toHaveLength(50);
    const ids = found.candidates.map(({ chunkId }) => chunkId);
    expect(await countChunks(ids, "content ~ $2 and content ~ $3", `\\m${wordOf(1)}\\M`, `\\m${wordOf(2)}\\M`)).toBe(50);
  });

  it("are none of an owner that has nothing", async () => {
    expect(await findCandidatesOf(storage(), newOwner(), rareWords)).toEqual({
      plan: "exact",
      candidates: [],
      vectorCount: 0,
      textCount: 0,
      isCut: false,
      isLate: false,
    });
  });

  it("say how many vectors were compared", async () => {
    const whole = await find(rareWords, { readsWhole: true });
    expect(whole.vectorCount).toBe((documents - 10) * leavesPerDocument);
    expect((await find(rareWords, { filter: twentieth })).vectorCount).toBeLessThanOrEqual((documents / 20) * leavesPerDocument);
    expect((await find(rareWords, { queryVector: undefined })).vectorCount).toBe(0);
  });
});
