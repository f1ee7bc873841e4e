import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/domain/clock.ts";
import { limits } from "../../src/domain/limits.ts";
import { IndexKeeper } from "../../src/embedding/index-keeper.ts";
import type { Database } from "../../src/storage/database.ts";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import { endBulkLoad, openStream } from "../../src/storage/ingest-streams.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, realPostgres, silentLogger, type TestStorage, useStorage } from "../support/test-storage.ts";
import { countMembers, ownerWithVectors } from "../support/vector-index.ts";

/** The switch of these tests. */
const chunksMax = 50;

async function withKeeper<T>(
  storage: Pick<TestStorage, "database" | "table">,
  run: (keeper: IndexKeeper) => Promise<T>,
): Promise<T> {
  const keeper = new IndexKeeper({ ...storage, clock: systemClock, logger: silentLogger }, chunksMax);
  try {
    return await run(keeper);
  } finally {
    await keeper.stop();
  }
}

/** The same database whose statements are run by another function. */
function withQuery(database: Database, query: (...parameters: Parameters<Database["query"]>) => unknown): Database {
  return Object.create(database, { query: { value: query } });
}

/** The same database, which tells of each batch before it goes into the index. */
function withBatches(database: Database, tell: (ownerId: unknown, signal?: AbortSignal) => Promise<void> | void): Database {
  return withQuery(database, async (...parameters) => {
    const [name, , values, signal] = parameters;
    if (name === "add_to_vector_index") await tell(values?.[0], signal);
    return await database.query(...parameters);
  });
}

const soon = { timeout: 30_000 };

describe.each(testDatabases())("the keeper of the approximate index on $name", (kind) => {
  const storage = useStorage(kind);
  const members = (ownerId: string) => countMembers(storage(), ownerId);
  const batchRows = kind.name === "embedded" ? limits.indexBatchRowsEmbedded : limits.indexBatchRows;

  it("puts in what owners above the switch had stored before it started, and leaves others alone", async () => {
    const [large, small] = [await ownerWithVectors(storage(), 120), await ownerWithVectors(storage(), chunksMax)];
    await withKeeper(storage(), () => expect.poll(() => members(large), soon).toEqual({ indexed: 120, unindexed: 0 }));
    expect(await members(small)).toEqual({ indexed: 0, unindexed: chunksMax });
  });

  it("puts in what is stored while it runs, once it is told and the owner is above the switch", async () => {
    await withKeeper(storage(), async (keeper) => {
      const ownerId = await ownerWithVectors(storage(), 60);
      keeper.vectorsStored([ownerId]);
      await expect.poll(() => members(ownerId), soon).toEqual({ indexed: 60, unindexed: 0 });
      await ownerWithVectors(storage(), 5, ownerId);
      keeper.vectorsStored([ownerId]);
      await expect.poll(() => members(ownerId), soon).toEqual({ indexed: 65, unindexed: 0 });
    });
  });

  it("takes out the rows of owners that have shrunk below half the switch, and keeps those between", async () => {
    const { database } = storage();
    const [shrinking, staying] = [newOwner(), newOwner()];
    const kept = new Map([
      [shrinking, chunksMax / 2 - 1],
      [staying, chunksMax / 2],
    ]);
    for (const [ownerId, count] of kept) {
      await ownerWithVectors(storage(), count, ownerId);
      const leaves = Array.from({ length: chunksMax }, (_, index) => `goes ${index}`);
      await store(database, [{ ownerId, idAtOrigin: "goes", leaves }]);
    }
    await embedWaiting(storage());
    await withKeeper(storage(), async () => {
      for (const [ownerId, count] of kept)
        await expect.poll(() => members(ownerId), soon).toEqual({ indexed: count + chunksMax, unindexed: 0 });
    });
    for (const ownerId of kept.keys())
      await database.transaction((transaction) => deleteDocument(transaction, { ownerId, idAtOrigin: "goes" }, new Date()));
    await withKeeper(storage(), () =>
      expect.poll(() => members(shrinking), soon).toEqual({ indexed: 0, unindexed: chunksMax / 2 - 1 }),
    );
    expect(await members(staying)).toEqual({ indexed: chunksMax / 2, unindexed: 0 });
  });

  it("leaves an owner alone while much is loaded for it, and begins when that has ended or has stopped", async () => {
    const { database } = storage();
    const [loaded, abandoned, control] = [newOwner(), newOwner(), newOwner()];
    const open = (ownerId: string, at: Date) => openStream(database, { ownerId, streamId: "load", isBulk: true }, at);
    const { connection } = await open(loaded, new Date());
    await open(abandoned, new Date(Date.now() - limits.bulkPauseMs - 1_000));
    await withKeeper(storage(), async (keeper) => {
      for (const ownerId of [loaded, abandoned, control]) {
        await ownerWithVectors(storage(), 60, ownerId);
        keeper.vectorsStored([ownerId]);
      }
      for (const ownerId of [abandoned, control])
        await expect.poll(() => members(ownerId), soon).toEqual({ indexed: 60, unindexed: 0 });
      expect(await members(loaded)).toEqual({ indexed: 0, unindexed: 60 });
      await endBulkLoad(database, connection);
      keeper.vectorsStored([loaded]);
      await expect.poll(() => members(loaded), soon).toEqual({ indexed: 60, unindexed: 0 });
    });
  });

  it("gives every owner its turn: one with much to do does not hold up another", async () => {
    const owners = [await ownerWithVectors(storage(), 400), await ownerWithVectors(storage(), 300)];
    const turns: unknown[] = [];
    const database = withBatches(storage().database, (ownerId) => void turns.push(ownerId));
    await withKeeper({ ...storage(), database }, async () => {
      for (const ownerId of owners) await expect.poll(async () => (await members(ownerId)).unindexed, soon).toBe(0);
    });
    for (const [ownerId, another] of [owners, owners.toReversed()])
      expect(turns.indexOf(ownerId)).toBeLessThan(turns.lastIndexOf(another));
  });

  it("is stopped at any moment and gone on with by the next", async () => {
    const ownerId = await ownerWithVectors(storage(), 350);
    let batches = 0;
    const secondBatch = Promise.withResolvers<void>();
    const database = withBatches(storage().database, async (_owner, signal) => {
      if (++batches < 2) return;
      secondBatch.resolve();
      while (!signal?.aborted) await sleep(1);
    });
    await withKeeper({ ...storage(), database }, () => secondBatch.promise);
    expect(await members(ownerId)).toEqual({ indexed: batchRows, unindexed: 350 - batchRows });
    await withKeeper(storage(), () => expect.poll(() => members(ownerId), soon).toEqual({ indexed: 350, unindexed: 0 }));
  });

  it("goes on after the database has failed it", async () => {
    const ownerId = await ownerWithVectors(storage(), 60);
    const { database } = storage();
    let failures = 2;
    const flaky = withQuery(database, (...parameters) =>
      failures-- > 0 ? Promise.reject(new Error("gone")) : database.query(...parameters),
    );
    await withKeeper({ ...storage(), database: flaky }, () =>
      expect.poll(() => members(ownerId), soon).toEqual({ indexed: 60, unindexed: 0 }),
    );
  });
});

describe.skipIf(!hasRealPostgres())("keepers of the approximate index in several processes, on a real PostgreSQL", () => {
  const storage = useStorage(realPostgres);

  it("share the work with writers and with one another, without a deadlock", async () => {
    const other = await storage().openAnotherPool();
    const ownerId = newOwner();
    const leaves = (from: number) => Array.from({ length: 20 }, (_, index) => `leaf ${from} ${index}`);
    const documents = Array.from({ length: 30 }, (_, index) => `document ${index}`);
    try {
      await withKeeper(storage(), (keeper) =>
        withKeeper({ ...storage(), database: other }, async (otherKeeper) => {
          const write = async (idAtOrigin: string, index: number) => {
            await store(storage().database, [{ ownerId, idAtOrigin, leaves: leaves(index) }]);
            await embedWaiting(storage());
            for (const each of [keeper, otherKeeper]) each.vectorsStored([ownerId]);
            // A third is deleted again and a third replaced, while their rows are on their way into the index.
            if (index % 3 === 0)
              await other.transaction((transaction) => deleteDocument(transaction, { ownerId, idAtOrigin }, new Date()));
            if (index % 3 === 1) {
              await store(other, [{ ownerId, idAtOrigin, leaves: [...leaves(index).slice(0, 10), `new ${index}`] }]);
              await embedWaiting(storage());
              keeper.vectorsStored([ownerId]);
            }
          };
          const lanes = [0, 1, 2].map(async (lane) => {
            for (const [index, idAtOrigin] of documents.entries()) if (index % 3 === lane) await write(idAtOrigin, index);
          });
          await Promise.all(lanes);
          await expect.poll(() => countMembers(storage(), ownerId), soon).toEqual({ indexed: 10 * 11 + 10 * 20, unindexed: 0 });
        }),
      );
      const { rows } = await storage().database.query(
        "count_deadlocks",
        "select deadlocks::integer from pg_stat_database where datname = current_database()",
      );
      expect(rows).toEqual([{ deadlocks: 0 }]);
    } finally {
      await other.close();
    }
  });
});
