import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/domain/clock.ts";
import { DependencyUnavailableError } from "../../src/domain/errors.ts";
import { buildMissingIndexes, buildWithBacklog } from "../../src/embedding/build-vector-index.ts";
import type { Database, Session } from "../../src/storage/database.ts";
import { changeMembership, findPartition } from "../../src/storage/index-membership.ts";
import { findUnindexedPartitions, vectorIndexName } from "../../src/storage/vector-index.ts";
import { embeddedDatabase, hasRealPostgres } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { realPostgres, silentLogger, type TestStorage, useStorage } from "../support/test-storage.ts";
import { countMembers, findOwnInIndex, ownerWithVectors, readVectorIndexes } from "../support/vector-index.ts";

/** The switch of these tests. */
const chunksMax = 50;
const backlog = 200;
/** More than all owners of the other tests hold, whose partition may be the same. */
const wholeBacklog = 10 * backlog;

function build(storage: TestStorage, ownerId: string, signal = never): Promise<boolean> {
  return buildWithBacklog(
    { ...storage, clock: systemClock, logger: silentLogger },
    { ownerId, chunksMax, rowsMin: backlog },
    signal,
  );
}

/** An owner whose vectors lie in a partition. */
async function ownerIn(storage: TestStorage, partition: string | undefined, count: number): Promise<string> {
  for (;;) {
    const ownerId = await ownerWithVectors(storage, 1);
    if ((await findPartition(storage.database, storage.table, ownerId)) !== partition) continue;
    return await ownerWithVectors(storage, count - 1, ownerId);
  }
}

async function changeAll({ database, table }: TestStorage, ownerId: string, indexed: boolean): Promise<void> {
  await changeMembership(database, table, { ownerId, indexed, count: 100_000, afterChunkId: undefined });
}

describe.skipIf(!hasRealPostgres())("building an index with what waits for it, on a real PostgreSQL", () => {
  const storage = useStorage(realPostgres);
  const members = (ownerId: string) => countMembers(storage(), ownerId);

  it("takes in all large owners of the partition at once, and finds what they hold", async () => {
    const ownerId = await ownerWithVectors(storage(), backlog);
    const partition = await findPartition(storage().database, storage().table, ownerId);
    const [other, small] = [await ownerIn(storage(), partition, 60), await ownerIn(storage(), partition, 10)];
    const before = await readVectorIndexes(storage());
    expect(await build(storage(), ownerId)).toBe(true);
    expect(await members(ownerId)).toEqual({ indexed: backlog, unindexed: 0 });
    expect(await members(other)).toEqual({ indexed: 60, unindexed: 0 });
    expect(await members(small)).toEqual({ indexed: 0, unindexed: 10 });
    expect(await readVectorIndexes(storage())).toEqual(before);
    const found = await findOwnInIndex(storage(), ownerId);
    expect(found.indexes).toEqual([vectorIndexName(partition ?? "")]);
    expect(found.share).toBeGreaterThan(0.8);
  });

  it("is not for few rows, nor for fewer than the index holds already", async () => {
    const few = await ownerWithVectors(storage(), backlog - 1);
    expect(await build(storage(), few)).toBe(false);
    const ownerId = await ownerWithVectors(storage(), backlog);
    const partition = await findPartition(storage().database, storage().table, ownerId);
    const holder = await ownerIn(storage(), partition, 2 * backlog);
    // Marked while there is no index, which is quick.
    await storage().database.query("drop", `drop index ${vectorIndexName(partition ?? "")}`);
    await changeAll(storage(), holder, true);
    await buildMissingIndexes({ ...storage(), clock: systemClock, logger: silentLogger }, never);
    expect(await build(storage(), ownerId)).toBe(false);
    expect(await members(ownerId)).toEqual({ indexed: 0, unindexed: backlog });
  });

  it("leaves the index alone while somebody else rebuilds it", async () => {
    const ownerId = await ownerWithVectors(storage(), 3 * backlog);
    const other = await storage().openAnotherPool();
    try {
      const session = await other.openSession(never);
      await session.query("lock", "select pg_advisory_lock($1, $2::regclass::oid::integer)", [
        1_918_986_345,
        storage().table.tableName,
      ]);
      expect(await build(storage(), ownerId)).toBe(false);
      await session.close();
      expect(await build(storage(), ownerId)).toBe(true);
    } finally {
      await other.close();
    }
  });

  it("is gone on with after its connection was cut, and searches answer meanwhile", async () => {
    const { database, table } = storage();
    const ownerId = await ownerWithVectors(storage(), wholeBacklog);
    const partition = (await findPartition(database, table, ownerId)) ?? "";
    await expect(build({ ...storage(), database: cutBefore(database, "build_vector_index") }, ownerId)).rejects.toThrow(
      DependencyUnavailableError,
    );
    expect(await findUnindexedPartitions(database, table)).toEqual([partition]);
    expect(await members(ownerId)).toEqual({ indexed: wholeBacklog, unindexed: 0 });
    // Without an index every row is compared.
    expect(await findOwnInIndex(storage(), ownerId)).toMatchObject({ share: 1 });
    await buildMissingIndexes({ ...storage(), clock: systemClock, logger: silentLogger }, never);
    expect(await findUnindexedPartitions(database, table)).toEqual([]);
    const found = await findOwnInIndex(storage(), ownerId);
    expect(found.indexes).toEqual([vectorIndexName(partition)]);
    expect(found.share).toBeGreaterThan(0.8);
  });
});

/** The database whose sessions lose their connection just before a statement. */
function cutBefore(database: Database, name: string): Database {
  return Object.create(database, {
    query: { value: (...parameters: Parameters<Database["query"]>) => database.query(...parameters) },
    openSession: {
      value: async (signal: AbortSignal): Promise<Session> => {
        const session = await database.openSession(signal);
        const { rows } = await session.query<{ pid: number }>("read_pid", "select pg_backend_pid() as pid");
        const query: Session["query"] = async (statement, ...rest) => {
          if (statement === name) await database.query("cut", "select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
          return await session.query(statement, ...rest);
        };
        return { query, close: session.close };
      },
    },
  });
}

describe("building an index with what waits for it, on the embedded database", () => {
  const storage = useStorage(embeddedDatabase);

  it("is not done, since nobody would be answered meanwhile", async () => {
    const ownerId = await ownerWithVectors(storage(), 60);
    expect(await build(storage(), ownerId)).toBe(false);
    await buildMissingIndexes({ ...storage(), clock: systemClock, logger: silentLogger }, never);
    expect(await countMembers(storage(), ownerId)).toEqual({ indexed: 0, unindexed: 60 });
  });
});
