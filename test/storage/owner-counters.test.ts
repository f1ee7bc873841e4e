import { describe, expect, it } from "vitest";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import { touchOwners } from "../../src/storage/owner-counters.ts";
import { testDatabases } from "../support/databases.ts";
import { readFacts } from "../support/leaf-rows.ts";
import { type Sketch, store } from "../support/prepared-documents.ts";
import { newOwner, type TestStorage, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("owner counters on $name", (kind) => {
  const storage = useStorage(kind);

  it.each<{ change: string; after: readonly Omit<Sketch, "ownerId">[] }>([
    { change: "a new document", after: [] },
    { change: "an unchanged document", after: [{ idAtOrigin: "a", leaves: ["one two", "three"] }] },
    { change: "more chunks", after: [{ idAtOrigin: "a", leaves: ["one two", "three", "four five six"] }] },
    { change: "fewer chunks", after: [{ idAtOrigin: "a", leaves: ["three"] }] },
    { change: "other chunks", after: [{ idAtOrigin: "a", leaves: ["seven eight nine ten"] }] },
    { change: "parents, which do not count", after: [{ idAtOrigin: "a", leaves: ["one two", "three"], parents: [2] }] },
    { change: "another language", after: [{ idAtOrigin: "a", leaves: ["eins zwei"], textConfig: "german" }] },
    {
      change: "a batch in two languages",
      after: [
        { idAtOrigin: "b", leaves: ["x"] },
        { idAtOrigin: "c", textConfig: "french" },
      ],
    },
  ])("count leaves and tokens after $change", async ({ after }) => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, idAtOrigin: "a", leaves: ["one two", "three"] }]);
    if (after.length > 0)
      await store(
        storage().database,
        after.map((document) => ({ ownerId, ...document })),
      );
    const { counted, stored } = await readBoth(storage(), ownerId);
    expect(counted).toEqual(stored);
    expect(stored.length).toBeGreaterThan(0);
  });

  it("count nothing once every document is deleted", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    await store(database, [
      { ownerId, idAtOrigin: "a", leaves: ["one two", "three"], parents: [2] },
      { ownerId, idAtOrigin: "b", textConfig: "german" },
    ]);
    for (const idAtOrigin of ["a", "b"])
      await database.transaction((transaction) => deleteDocument(transaction, { ownerId, idAtOrigin }, new Date()));
    expect(await readBoth(storage(), ownerId)).toEqual({ counted: [], stored: [] });
  });

  it("stay right through a long history of changes", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    for (let round = 0; round < 30; round++) {
      const idAtOrigin = `document ${round % 3}`;
      const textConfig = round % 4 === 0 ? "german" : "english";
      const leaves = Array.from(
        { length: 1 + (round % 5) },
        (_, leaf) => `leaf ${leaf * (round % 2)} ${"word ".repeat(round % 7)}`,
      );
      await store(database, [{ ownerId, idAtOrigin, leaves, textConfig }]);
      if (round % 8 === 7)
        await database.transaction((transaction) => deleteDocument(transaction, { ownerId, idAtOrigin }, new Date()));
    }
    const { counted, stored } = await readBoth(storage(), ownerId);
    expect(counted).toEqual(stored);
  });

  describe("have a version that", () => {
    // The lower half counts documents that have expired, of which there are none here.
    const versionOf = async (ownerId: string) => (await readFacts(storage(), ownerId)).version >> 32n;

    it.each<{ change: string; after: Omit<Sketch, "ownerId"> }>([
      { change: "another document", after: { idAtOrigin: "b" } },
      { change: "other text", after: { leaves: ["three four"] } },
      { change: "another name", after: { documentName: "renamed" } },
      { change: "other metadata", after: { metadata: { place: "river" } } },
      { change: "a date", after: { documentDate: new Date("2026-01-01") } },
      { change: "another type", after: { documentType: "chat" } },
    ])("moves on with $change", async ({ after }) => {
      const ownerId = newOwner();
      await store(storage().database, [{ ownerId, idAtOrigin: "a", leaves: ["one two"] }]);
      const before = await versionOf(ownerId);
      expect(before).toBeGreaterThan(0n);
      await store(storage().database, [{ ownerId, idAtOrigin: "a", leaves: ["one two"], ...after }]);
      expect(await versionOf(ownerId)).toBeGreaterThan(before);
    });

    it("stays as it is while nothing changes, and moves for no other owner", async () => {
      const [ownerId, other] = [newOwner(), newOwner()];
      await store(storage().database, [{ ownerId, idAtOrigin: "a" }, { ownerId: other }]);
      const before = await versionOf(ownerId);
      await store(storage().database, [{ ownerId, idAtOrigin: "a" }]);
      await store(storage().database, [{ ownerId: other }]);
      expect(await versionOf(ownerId)).toBe(before);
    });

    it("moves on with a deletion, even of a document without chunks", async () => {
      const { database } = storage();
      const ownerId = newOwner();
      await store(database, [
        { ownerId, idAtOrigin: "a" },
        { ownerId, idAtOrigin: "none", leaves: [], segments: [] },
      ]);
      for (const idAtOrigin of ["a", "none"]) {
        const before = await versionOf(ownerId);
        await database.transaction((transaction) => deleteDocument(transaction, { ownerId, idAtOrigin }, new Date()));
        expect(await versionOf(ownerId)).toBeGreaterThan(before);
      }
    });

    it("moves on for owners that are touched, one step each time", async () => {
      const { database } = storage();
      const owners = [newOwner(), newOwner()];
      for (let round = 1; round <= 20; round++) {
        await database.transaction((transaction) => touchOwners(transaction, [...owners, owners[0] ?? ""]));
        expect(await Promise.all(owners.map(versionOf))).toEqual([BigInt(round), BigInt(round)]);
      }
      expect((await readFacts(storage(), owners[0] ?? "")).corpora).toEqual([]);
    });

    it("counts every writer, though many write at once", async () => {
      const { database } = storage();
      const owners = [newOwner(), newOwner(), newOwner()];
      await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          database.transaction((transaction) => touchOwners(transaction, index % 2 === 0 ? owners : owners.toReversed())),
        ),
      );
      expect(await Promise.all(owners.map(versionOf))).toEqual([30n, 30n, 30n]);
    });
  });
});

/** What the counters say, and what is there. */
async function readBoth({ database }: TestStorage, ownerId: string) {
  const read = async (table: string, aggregates: string, having: string) => {
    const { rows } = await database.query<{ text_config: string; chunks: number; tokens: number }>(
      "count",
      `select text_config, ${aggregates} from ${table} where owner_id = $1 and text_config is not null
       group by text_config ${having} order by text_config`,
      [ownerId],
    );
    return rows;
  };
  const sums = "sum(chunk_count)::integer as chunks, sum(token_count)::integer as tokens";
  return {
    counted: await read("owner_counters", sums, "having sum(chunk_count) <> 0 or sum(token_count) <> 0"),
    stored: await read("document_chunks", "count(*)::integer as chunks, sum(token_count)::integer as tokens", ""),
  };
}
