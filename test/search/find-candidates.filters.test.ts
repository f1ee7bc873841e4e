import { beforeAll, describe, expect, it } from "vitest";
import type { DocumentFilter } from "../../src/domain/filter.ts";
import type { Candidates } from "../../src/search/find-candidates.ts";
import { changeMembership } from "../../src/storage/index-membership.ts";
import { testDatabases } from "../support/databases.ts";
import { findCandidatesOf, leavesPerDocument, storeLargeOwner, twentiethExpiresAt, wordOf } from "../support/large-owner.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

const documents = 1_100;
const withVectors = (documents - 10) * leavesPerDocument;

/** Each number of `half` stands in 50 % of the documents, and so on. */
function equal(name: string, value: number): DocumentFilter {
  return { metadata: { kind: "equal", path: [name], value } };
}

const shares: { share: string; filter: DocumentFilter; matching: number }[] = [
  { share: "everything", filter: {}, matching: withVectors },
  { share: "50 %", filter: equal("half", 0), matching: withVectors / 2 },
  { share: "5 %", filter: equal("twentieth", 0), matching: 55 * leavesPerDocument },
  { share: "0.5 %", filter: equal("rare", 0), matching: 6 * leavesPerDocument },
];
const queries = [11, 37, 101, 333, 900].map((rank) => [rank, rank + 1, 2 * rank].map(wordOf).join(" "));

function byVector({ candidates }: Candidates): string[] {
  return candidates
    .filter(({ vectorPosition }) => vectorPosition !== undefined)
    .toSorted((left, right) => (left.vectorPosition ?? 0) - (right.vectorPosition ?? 0))
    .map(({ chunkId }) => chunkId);
}

describe.each(testDatabases())("candidates from the approximate index on $name", (kind) => {
  const storage = useStorage(kind);
  const ownerId = newOwner();

  beforeAll(async () => {
    await storeLargeOwner(storage(), ownerId, documents);
    const { database, table } = storage();
    // The rest waits to be put in, as it does while an owner grows.
    await changeMembership(database, table, { ownerId, indexed: true, count: 2_000, afterChunkId: undefined });
  });

  /** With a switch so low that what any filter leaves is above it. */
  const find = (queryText: string, given: Parameters<typeof findCandidatesOf>[3] = {}) =>
    findCandidatesOf(storage(), ownerId, queryText, { exactChunksMax: 10, looksAtWords: false, ...given });

  it.each(shares)("are as many as asked for, or as match, under a filter that leaves $share", async ({ filter, matching }) => {
    for (const looksAtWords of [false, true]) {
      for (const count of [5, 100]) {
        const found = await find(queries[0] ?? "", { filter, count, looksAtWords });
        expect(byVector(found)).toHaveLength(Math.min(count, matching));
        expect(new Set(byVector(found)).size).toBe(Math.min(count, matching));
        expect(found.isLate).toBe(false);
      }
    }
  });

  it.each(shares)("are nearly those of comparing all vectors under a filter that leaves $share", async ({ filter, matching }) => {
    let found = 0;
    let wanted = 0;
    for (const query of queries) {
      const given = { filter, count: Math.min(20, matching) };
      const approximate = await find(query, given);
      const exact = await find(query, { ...given, exactChunksMax: 1_000_000 });
      expect([approximate.plan, exact.plan]).toEqual(["approximate", "exact"]);
      const nearest = new Set(byVector(exact));
      wanted += nearest.size;
      found += byVector(approximate).filter((chunkId) => nearest.has(chunkId)).length;
    }
    expect(found / wanted).toBeGreaterThanOrEqual(0.9);
  });

  it.each(shares.slice(1))("are only what a filter that leaves $share allows", async ({ filter }) => {
    const { path = [], value } = filter.metadata?.kind === "equal" ? filter.metadata : { value: undefined };
    for (const looksAtWords of [false, true]) {
      const { candidates } = await find(queries[1] ?? "", { filter, looksAtWords, count: 50 });
      const { rows } = await storage().database.query<{ value: number }>(
        "values_of_candidates",
        `select distinct (d.metadata ->> $2)::integer as value
         from document_chunks c join documents d using (owner_id, document_id)
         where c.chunk_id = any($1::uuid[])`,
        [candidates.map(({ chunkId }) => chunkId), path[0]],
      );
      expect(rows).toEqual([{ value }]);
    }
  });

  it.each([
    { plan: "approximate", given: { looksAtWords: false } },
    { plan: "approximate", given: { looksAtWords: true } },
    { plan: "exact", given: { looksAtWords: false, exactChunksMax: 1_000_000 } },
    { plan: "exact", given: { looksAtWords: true, exactChunksMax: 1_000_000 } },
    { plan: "exact", given: { looksAtWords: true, readsWhole: true } },
    { plan: "approximate", given: { looksAtWords: true, queryVector: undefined } },
  ])("are none of a document that has expired: $plan, $given", async ({ plan, given }) => {
    const expired = async (liveAt: Date) => {
      const found = await find(queries[1] ?? "", { ...given, filter: { liveAt }, count: 200 });
      expect(found.plan).toBe(plan);
      const { rowCount } = await storage().database.query(
        "expired_candidates",
        `select 1 from document_chunks c join documents d using (owner_id, document_id)
         where c.chunk_id = any($1::uuid[]) and d.expires_at is not null`,
        [found.candidates.map(({ chunkId }) => chunkId)],
      );
      return rowCount;
    };
    expect(await expired(new Date(twentiethExpiresAt.getTime() - 1))).toBeGreaterThan(0);
    expect(await expired(twentiethExpiresAt)).toBe(0);
  });

  it.each([{ looksAtWords: false }, { looksAtWords: true }])(
    "are completed by comparing all that the filter leaves, while there is time (words: $looksAtWords)",
    async ({ looksAtWords }) => {
      // What reads words reads all of up to 2,000 chunks anyway, so only a large share leads to the index.
      const given = { filter: looksAtWords ? equal("half", 0) : equal("rare", 0), count: 3_000, looksAtWords };
      const matching = looksAtWords ? withVectors / 2 : 6 * leavesPerDocument;
      const query = queries[2] ?? "";
      const unbounded = await find(query, given);
      expect(unbounded).toMatchObject({ plan: "approximate", isLate: false });
      expect(byVector(unbounded)).toHaveLength(matching);
      const inTime = await find(query, { ...given, timeLeftMs: () => 60_000 });
      expect(inTime.isLate).toBe(false);
      expect(byVector(inTime)).toEqual(byVector(unbounded));
      const late = await find(query, { ...given, timeLeftMs: () => 0 });
      expect(late.isLate).toBe(true);
      expect(byVector(unbounded)).toEqual(expect.arrayContaining(byVector(late)));
    },
  );

  it("do not wait for the time that is left where there are enough", async () => {
    const found = await find(queries[3] ?? "", { count: 20, timeLeftMs: () => 0 });
    expect(found.isLate).toBe(false);
    expect(byVector(found)).toHaveLength(20);
  });

  it("are none that hold an excluded word", async () => {
    const { candidates } = await find(`${queries[0]} -${wordOf(3)}`, { looksAtWords: true, count: 200 });
    const { rows } = await storage().database.query<{ count: number }>(
      "count_excluded",
      "select count(*)::integer as count from document_chunks where chunk_id = any($1::uuid[]) and content ~ $2",
      [candidates.map(({ chunkId }) => chunkId), `\\m${wordOf(3)}\\M`],
    );
    expect(candidates.length).toBeGreaterThanOrEqual(200);
    expect(rows[0]?.count).toBe(0);
  });
});
