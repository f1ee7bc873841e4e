import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readFeedback, storeFeedback } from "../../src/storage/search-feedback.ts";
import { insertSearches } from "../../src/storage/search-history.ts";
import { testDatabases } from "../support/databases.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("feedback on $name", (kind) => {
  const storage = useStorage(kind);

  it("replaces what was said of the same result before, and nothing else", async () => {
    const { database } = storage();
    const search = { ownerId: newOwner(), searchId: randomUUID() };
    const [first = "", second = ""] = [randomUUID(), randomUUID()];
    const rest = { queryText: "", searchType: "text", plan: "text_only", limit: 2, scores: [1, 1], durationMs: 1 };
    await insertSearches(database, [{ ...search, ...rest, chunkIds: [first, second], createdAt: new Date() }]);
    const [before, after] = [new Date("2026-03-01"), new Date("2026-03-02")];
    const both = [
      { chunkId: first, rating: 1, note: "" },
      { chunkId: second, rating: -0.25, note: "off the point 🎈" },
    ];
    await storeFeedback(database, search, both, before);
    await storeFeedback(database, search, [{ chunkId: first, rating: -1, note: "wrong" }], after);
    const found = (await readFeedback(database, search)).toSorted((left, right) => left.rating - right.rating);
    expect(found).toEqual([
      { chunkId: first, rating: -1, note: "wrong", createdAt: after },
      { chunkId: second, rating: -0.25, note: "off the point 🎈", createdAt: before },
    ]);
    expect(await readFeedback(database, { ...search, ownerId: newOwner() })).toEqual([]);
  });
});
