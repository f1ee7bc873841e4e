import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readFeedback, storeFeedback } from "../../src/storage/search-feedback.ts";
import {
  deleteExpiredSearches,
  findSearch,
  insertSearches,
  type SearchRecord,
  trimSearches,
} from "../../src/storage/search-history.ts";
import { testDatabases } from "../support/databases.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

function newRecord(given: Partial<SearchRecord> = {}): SearchRecord {
  return {
    ownerId: newOwner(),
    searchId: randomUUID(),
    queryText: "what grinds the corn?",
    searchType: "hybrid",
    plan: "exact",
    limit: 10,
    chunkIds: [randomUUID(), randomUUID()],
    scores: [0.75, -0.5],
    durationMs: 12.5,
    createdAt: new Date("2026-03-01T12:00:00.123Z"),
    ...given,
  };
}

describe.each(testDatabases())("the history of searches on $name", (kind) => {
  const storage = useStorage(kind);

  it("gives back what was stored, to its owner alone", async () => {
    const { database } = storage();
    const records = [
      newRecord(),
      newRecord({ chunkIds: [], scores: [], queryText: `quotes " ' \\ { } , NULL 🎈`, plan: "text_only" }),
      newRecord({ chunkIds: Array.from({ length: 100 }, () => randomUUID()), scores: Array.from({ length: 100 }, () => 1e-30) }),
    ];
    await insertSearches(database, records);
    for (const record of records) {
      const found = await findSearch(database, record);
      expect(found).toEqual({ ...record, scores: record.scores.map((score) => expect.closeTo(score, 6)) });
      expect(await findSearch(database, { ...record, ownerId: newOwner() })).toBeUndefined();
    }
    expect(await findSearch(database, newRecord())).toBeUndefined();
  });

  it("stores a search once, though it comes again", async () => {
    const { database } = storage();
    const record = newRecord();
    await insertSearches(database, [record]);
    await insertSearches(database, [{ ...record, queryText: "another" }, newRecord({ ownerId: record.ownerId })]);
    await insertSearches(database, []);
    expect(await findSearch(database, record)).toMatchObject({ queryText: record.queryText });
  });

  it("forgets what is older than a time, with the feedback on it", async () => {
    const { database } = storage();
    const times = ["2026-03-01", "2026-03-02", "2026-03-03"].map((day) => new Date(day));
    const records = times.map((createdAt) => newRecord({ createdAt }));
    await insertSearches(database, records);
    for (const record of records) {
      const feedback = [{ chunkId: record.chunkIds[0] ?? "", rating: 1, note: "" }];
      await storeFeedback(database, record, feedback, record.createdAt);
    }
    await deleteExpiredSearches(database, new Date("2026-03-02"));
    const found = await Promise.all(records.map(async (record) => (await findSearch(database, record)) !== undefined));
    expect(found).toEqual([false, true, true]);
    const feedback = await Promise.all(records.map(async (record) => (await readFeedback(database, record)).length));
    expect(feedback).toEqual([0, 1, 1]);
  });

  it("keeps the latest searches of each owner that is trimmed", async () => {
    const { database } = storage();
    const [many, few, other] = [newOwner(), newOwner(), newOwner()];
    const counts = new Map([
      [many, 7],
      [few, 3],
      [other, 7],
    ]);
    const records = [...counts].flatMap(([ownerId, count]) =>
      // Two at a time are of one moment: their ids decide.
      Array.from({ length: count }, (_, index) =>
        newRecord({ ownerId, createdAt: new Date(Date.UTC(2026, 2, 1 + Math.floor(index / 2))) }),
      ),
    );
    await insertSearches(database, records.toReversed());
    expect(await trimSearches(database, [many, few, newOwner()], 4)).toBe(3);
    const kept = async (ownerId: string) => {
      const own = records.filter((record) => record.ownerId === ownerId);
      const found = await Promise.all(own.map((record) => findSearch(database, record)));
      return found.flatMap((record) => (record ? [record.createdAt.getUTCDate()] : []));
    };
    expect(await kept(many)).toEqual([2, 3, 3, 4]);
    expect(await kept(few)).toHaveLength(3);
    expect(await kept(other)).toHaveLength(7);
  });
});
