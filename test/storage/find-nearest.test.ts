import { beforeAll, describe, expect, it } from "vitest";
import type { DocumentFilter } from "../../src/domain/filter.ts";
import type { Queryable } from "../../src/storage/database.ts";
import { findNearest, indexSettings, type NearQuery, type NearResult } from "../../src/storage/find-nearest.ts";
import { changeMembership } from "../../src/storage/index-membership.ts";
import { type Corpus, termQuery } from "../../src/storage/search-facts.ts";
import { testDatabases } from "../support/databases.ts";
import { contentsOf, type LeafRow, leafRows, readContents, readCorpora, readLeafRows } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

/** A vector at the given angle to the first axis, so that its similarity to that axis is the cosine. */
function atAngle(degrees: number): Float32Array {
  const vector = new Float32Array(dimension);
  vector[0] = Math.cos((degrees * Math.PI) / 180);
  vector[1] = Math.sin((degrees * Math.PI) / 180);
  return vector;
}

/** The same number gives the same vector of unit length; others lie in other directions. */
function scattered(seed: number): Float32Array {
  let state = (seed + 1) * 2_654_435_761;
  const vector = Float32Array.from({ length: dimension }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x40000000 - 1;
  });
  const length = Math.hypot(...vector);
  return vector.map((component) => component / length);
}

describe.each(testDatabases())("the nearest chunks on $name", (kind) => {
  const storage = useStorage(kind);

  /** Asks as a search does, though an owner as small as those here would never meet the approximate index. */
  async function find(query: Partial<NearQuery> & { ownerId: string }): Promise<NearResult & { plan: string }> {
    const { database, table } = storage();
    const whole = {
      corpora: [],
      filter: {},
      queryVector: undefined,
      isExact: true,
      count: 100,
      matches: [],
      matchesMax: 1_000,
      ...query,
    };
    return await database.transaction(
      async (transaction) => {
        const plans: string[] = [];
        const explaining: Queryable = {
          query: async (name, text, values) => {
            const { rows } = await transaction.query<{ "QUERY PLAN": string }>("explain", `explain ${text}`, values);
            plans.push(...rows.map((row) => row["QUERY PLAN"]));
            return await transaction.query(name, text, values);
          },
        };
        return { ...(await findNearest(explaining, table, whole)), plan: plans.join("\n") };
      },
      { snapshot: true, settings: whole.isExact ? {} : { ...indexSettings("accurate"), enable_sort: "off" } },
    );
  }

  async function nearestContents(query: Partial<NearQuery> & { ownerId: string }): Promise<(string | undefined)[]> {
    const { nearest } = await find(query);
    const contents = await readContents(storage(), query.ownerId);
    return nearest.map(({ chunkId }) => contents.get(chunkId));
  }

  /** Puts so many of the owner's vectors into the approximate index. */
  async function index(ownerId: string, count: number): Promise<void> {
    const { database, table } = storage();
    await changeMembership(database, table, { ownerId, indexed: true, count, afterChunkId: undefined });
  }

  describe.each([
    { plan: "exact", isExact: true, indexed: 0 },
    { plan: "approximate, with nothing in the index", isExact: false, indexed: 0 },
    { plan: "approximate, with half in the index", isExact: false, indexed: 100 },
    { plan: "approximate, with all in the index", isExact: false, indexed: 1_000 },
  ])("by the plan that is $plan", ({ isExact, indexed }) => {
    const ownerId = newOwner();
    let all: LeafRow[] = [];

    beforeAll(async () => {
      const leaves = (first: number, count: number) => Array.from({ length: count }, (_, leaf) => `leaf ${first + leaf}`);
      await store(storage().database, [
        { ownerId, documentType: "text", leaves: leaves(0, 120), parents: [60, 60] },
        { ownerId, documentType: "chat", leaves: leaves(120, 60) },
        { ownerId, documentType: "code", leaves: leaves(180, 20), textConfig: "german" },
        { ownerId: newOwner(), leaves: leaves(0, 50) },
      ]);
      await embedWaiting(storage(), (text) => scattered(Number(text.split(" ")[1])));
      if (indexed > 0) await index(ownerId, indexed);
      await store(storage().database, [{ ownerId, leaves: ["leaf 1000 waits for its vector"] }]);
      all = await readLeafRows(storage(), { ownerId, queryVector: scattered(7_777) });
    });

    /** What there is, compared one by one. */
    function bruteForce(count: number, isWanted: (leaf: LeafRow) => boolean = () => true): LeafRow[] {
      return all
        .filter((leaf) => !Number.isNaN(leaf.similarity) && isWanted(leaf))
        .sort((left, right) => right.similarity - left.similarity || (left.chunkId < right.chunkId ? -1 : 1))
        .slice(0, count);
    }

    /** With places in their documents where words are looked at as well. */
    function placesOf(leaves: readonly LeafRow[], words: readonly Corpus[]) {
      return leaves.map(({ chunkId, documentId, chunkIndex, similarity }) => {
        return { chunkId, documentId, chunkIndex: words.length > 0 ? chunkIndex : 0, similarity: expect.closeTo(similarity, 5) };
      });
    }

    const withAndWithoutWords = async () => [[], await readCorpora(storage(), ownerId, "leaf")];

    const keyOf = (id: string) => Number(BigInt(`0x${id.replaceAll("-", "").slice(16)}`) & (2n ** 53n - 1n));

    it.each([1, 10, 100, 1_000])("are the first %d of all, nearest first", async (count) => {
      for (const corpora of await withAndWithoutWords()) {
        const { nearest, matched, plan } = await find({ ownerId, corpora, queryVector: scattered(7_777), isExact, count });
        expect(nearest).toHaveLength(Math.min(count, 200));
        expect(nearest.map(({ chunkKey, documentKey, ...near }) => near)).toEqual(placesOf(bruteForce(count), corpora));
        for (const { chunkId, chunkKey, documentId, documentKey } of nearest)
          expect([chunkKey, documentKey]).toEqual([keyOf(chunkId), keyOf(documentId)]);
        expect(matched.count).toBe(0);
        expect(plan.includes("_hnsw")).toBe(!isExact);
      }
    });

    it.each<{ what: string; filter: DocumentFilter; from: number; to: number }>([
      { what: "most", filter: { documentTypes: ["text", "chat"] }, from: 0, to: 179 },
      { what: "some", filter: { documentTypes: ["chat"] }, from: 120, to: 179 },
      { what: "few", filter: { documentTypes: ["code"] }, from: 180, to: 199 },
      { what: "none", filter: { documentTypes: ["web"] as never }, from: 1, to: 0 },
    ])("are as many as the filter leaves of $what", async ({ filter, from, to }) => {
      const contents = await readContents(storage(), ownerId);
      const isAllowed = ({ chunkId }: LeafRow) => {
        const number = Number(contents.get(chunkId)?.split(" ")[1]);
        return from <= number && number <= to;
      };
      for (const count of [5, 1_000]) {
        const expected = bruteForce(count, isAllowed);
        expect(expected).toHaveLength(Math.min(count, to - from + 1));
        for (const corpora of await withAndWithoutWords()) {
          const { nearest } = await find({ ownerId, corpora, queryVector: scattered(7_777), isExact, count, filter });
          expect(nearest.map(({ chunkKey, documentKey, ...near }) => near)).toEqual(placesOf(expected, corpora));
        }
      }
    });

    it.each<{ excluded: string[]; filter: DocumentFilter }>([
      { excluded: ["7", "12", "leaf 150", "199"], filter: {} },
      { excluded: ["7", "12", "leaf 150", "199"], filter: { documentTypes: ["chat", "code"] } },
      { excluded: ["leaf"], filter: {} },
    ])("are without what holds $excluded under the filter $filter", async ({ excluded, filter }) => {
      const corpora = await readCorpora(storage(), ownerId, { words: "leaf", excluded });
      const allowed = await readLeafRows(storage(), { ownerId, corpora, filter });
      const wanted = new Set(allowed.filter((leaf) => leaf.allowed).map(({ chunkId }) => chunkId));
      const { nearest } = await find({ ownerId, corpora, queryVector: scattered(7_777), isExact, count: 1_000, filter });
      const expected = bruteForce(1_000, ({ chunkId }) => wanted.has(chunkId));
      expect(nearest.map(({ chunkId }) => chunkId)).toEqual(expected.map(({ chunkId }) => chunkId));
    });
  });

  it("come in one order each time, equal ones by id", async () => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: [...Array.from({ length: 20 }, (_, leaf) => `far ${leaf}`), "near"] }]);
    await embedWaiting(storage(), (text) => atAngle(text === "near" ? 10 : 30));
    const first = await find({ ownerId, queryVector: atAngle(0), count: 6 });
    const ids = first.nearest.map(({ chunkId }) => chunkId);
    const everyFar = [...(await readContents(storage(), ownerId))].filter(([, content]) => content !== "near");
    expect(ids.slice(1)).toEqual(
      everyFar
        .map(([chunkId]) => chunkId)
        .sort()
        .slice(0, 5),
    );
    expect(await nearestContents({ ownerId, queryVector: atAngle(0), count: 1 })).toEqual(["near"]);
    const approximate = await find({ ownerId, queryVector: atAngle(0), count: 6, isExact: false });
    expect(approximate.nearest).toEqual(first.nearest);
    await index(ownerId, 1_000);
    const indexed = await find({ ownerId, queryVector: atAngle(0), count: 21, isExact: false });
    expect(indexed.nearest.map(({ chunkId }) => chunkId).slice(1)).toEqual(everyFar.map(([chunkId]) => chunkId).sort());
  });

  it.each([true, false])("are those of far documents if the filter leaves no others (exact: %s)", async (isExact) => {
    const ownerId = newOwner();
    const near = Array.from({ length: 300 }, (_, leaf) => `near ${leaf}`);
    const embed = () =>
      embedWaiting(storage(), (text) => {
        const [place, number] = text.split(" ");
        return atAngle(place === "far" ? 90 + Number(number) : 1 + Number(number) / 100);
      });
    await store(storage().database, [{ ownerId, leaves: near }]);
    await embed();
    if (!isExact) await index(ownerId, 1_000);
    // Outside of the index: within it, what lies apart from everything else is found by chance alone.
    await store(storage().database, [{ ownerId, idAtOrigin: "wanted", leaves: ["far 1", "far 2"] }]);
    await embed();
    const filter = { idsAtOrigin: ["wanted"] };
    const found = await nearestContents({ ownerId, queryVector: atAngle(0), filter, isExact, count: 10 });
    expect(found).toEqual(["far 1", "far 2"]);
  });

  it("are none for an owner without documents, by either plan", async () => {
    for (const isExact of [true, false]) {
      const { nearest, matched } = await find({ ownerId: newOwner(), queryVector: atAngle(0), isExact });
      expect([nearest, matched.count]).toEqual([[], 0]);
    }
  });

  describe("with chunks that hold words", () => {
    /** Ten chunks each of river, mill and both, and as many German ones. */
    async function newRivers(): Promise<string> {
      const ownerId = newOwner();
      const leaves = ["river", "mill", "river mill"].flatMap((words) =>
        Array.from({ length: 10 }, (_, leaf) => `${words} ${leaf}`),
      );
      await store(storage().database, [
        { ownerId, documentType: "text", leaves },
        {
          ownerId,
          documentType: "chat",
          leaves: Array.from({ length: 10 }, (_, leaf) => `river chat ${leaf}`),
          textConfig: "german",
        },
        { ownerId: newOwner(), leaves },
      ]);
      return ownerId;
    }

    async function matchedOf(
      ownerId: string,
      query: { tries: readonly (readonly [number, string][])[]; max?: number; filter?: DocumentFilter },
    ): Promise<string[]> {
      const corpora = await readCorpora(storage(), ownerId, "rivers mill");
      const matches = query.tries.map((tries) => tries.map(([corpus, words]) => ({ corpus, query: words })));
      const { matched } = await find({ ownerId, corpora, matches, matchesMax: query.max ?? 1_000, filter: query.filter ?? {} });
      return await contentsOf(storage(), ownerId, leafRows(matched));
    }

    const countOf = (contents: readonly string[], pattern: RegExp) => contents.filter((content) => pattern.test(content)).length;
    const [river, mill] = [termQuery("river"), termQuery("mill")];

    it("looks at all of them if they are few, in the corpora that are asked alone", async () => {
      const ownerId = await newRivers();
      const rivers = await matchedOf(ownerId, { tries: [[[0, river]]] });
      expect([rivers.length, countOf(rivers, /^river/)]).toEqual([20, 20]);
      const both = await matchedOf(ownerId, { tries: [[[0, `${river} & ${mill}`]]] });
      expect([both.length, countOf(both, /^river mill/)]).toEqual([10, 10]);
      const german = await matchedOf(ownerId, { tries: [[[1, termQuery("riv")]]] });
      expect([german.length, countOf(german, /^river chat/)]).toEqual([10, 10]);
      const corpora = await matchedOf(ownerId, {
        tries: [
          [
            [0, mill],
            [1, termQuery("riv")],
          ],
        ],
      });
      expect([corpora.length, countOf(corpora, /mill/), countOf(corpora, /chat/)]).toEqual([30, 20, 10]);
      expect(await matchedOf(ownerId, { tries: [[[0, "'unknown'"]]] })).toEqual([]);
    });

    it("tries one query after the other until there are enough, and a chunk may come twice", async () => {
      const ownerId = await newRivers();
      const tries: [number, string][][] = [[[0, `${river} & ${mill}`]], [[0, mill]]];
      const few = await matchedOf(ownerId, { tries, max: 7 });
      expect([few.length, countOf(few, /^river mill/)]).toEqual([7, 7]);
      const more = await matchedOf(ownerId, { tries, max: 15 });
      expect(more).toHaveLength(15);
      expect(new Set(more.filter((content) => content.startsWith("river mill"))).size).toBe(10);
      const all = await matchedOf(ownerId, { tries });
      expect([all.length, new Set(all).size]).toEqual([30, 20]);
      expect(await matchedOf(ownerId, { tries, max: 0 })).toEqual([]);
    });

    it("looks only at what the filter allows", async () => {
      const ownerId = await newRivers();
      const tries: [number, string][][] = [
        [
          [0, river],
          [1, termQuery("riv")],
        ],
      ];
      const chats = await matchedOf(ownerId, { tries, filter: { documentTypes: ["chat"] } });
      expect([chats.length, countOf(chats, /chat/)]).toEqual([10, 10]);
      expect(await matchedOf(ownerId, { tries, filter: { idsAtOrigin: ["no such"] } })).toEqual([]);
      expect(await matchedOf(ownerId, { tries, filter: { documentTypes: ["text"] }, max: 3 })).toHaveLength(3);
    });

    it.each([
      { filter: {}, hasVector: false },
      { filter: { documentTypes: ["text", "chat"] as const }, hasVector: false },
      { filter: {}, hasVector: true },
      { filter: { documentTypes: ["text", "chat"] as const }, hasVector: true },
    ])("says of each what it holds and what is excluded (vectors compared: $hasVector, filter $filter)", async (asked) => {
      const ownerId = await newRivers();
      const words = { words: "river mill", phrases: [["river mill"]], excluded: ["7"] };
      const corpora = await readCorpora(storage(), ownerId, words);
      const matches = [[{ corpus: 0, query: river }]];
      const queryVector = asked.hasVector ? atAngle(0) : undefined;
      for (const isExact of [true, false]) {
        const { matched, nearest } = await find({ ownerId, corpora, matches, queryVector, filter: asked.filter, isExact });
        const rows = leafRows(matched);
        expect(rows).toHaveLength(20);
        const contents = await readContents(storage(), ownerId);
        for (const { chunkId, allowed, phrased, frequencies, similarity, corpus } of rows) {
          const content = contents.get(chunkId) ?? "";
          const holds = content.startsWith("river mill");
          expect([allowed, phrased, frequencies, corpus]).toEqual([!content.endsWith("7"), holds, [1, holds ? 1 : 0], 0]);
          expect(similarity).toBeNaN();
        }
        expect(nearest).toEqual([]);
      }
      await embedWaiting(storage());
    });
  });
});
