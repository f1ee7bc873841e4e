import { describe, expect, it } from "vitest";
import { ConflictError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import {
  acknowledgeFailures,
  advanceStream,
  deleteExpiredStreams,
  endBulkLoad,
  openStream,
  type StreamConnection,
} from "../../src/storage/ingest-streams.ts";
import { testDatabases } from "../support/databases.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

const now = new Date("2026-01-01");
const failure = (sequence: number) => ({
  sequence,
  idAtOrigin: `document ${sequence}`,
  error: { kind: "invalid", violations: [] },
});

describe.each(testDatabases())("ingest streams on $name", (kind) => {
  const storage = useStorage(kind);

  it("begin at 0 and are resumed at their durable position, each connection in a new epoch", async () => {
    const key = newKey();
    const first = await open(key);
    expect(first).toEqual({ connection: { ...key, epoch: 1, isBulk: false }, durableUpTo: 0, failures: [] });
    await advance(first.connection, 17);
    expect(await open(key)).toEqual({ connection: { ...key, epoch: 2, isBulk: false }, durableUpTo: 17, failures: [] });
  });

  it("refuse an earlier connection once a later one has opened the stream, and store nothing of it", async () => {
    const key = newKey();
    const fenced = await open(key);
    const current = await open(key);
    await expect(advance(fenced.connection, 5, [5])).rejects.toThrow(ConflictError);
    await expect(advance(fenced.connection, 5)).rejects.toMatchObject({ reason: "STREAM_FENCED" });
    await advance(current.connection, 3);
    expect(await open(key)).toMatchObject({ durableUpTo: 3, failures: [] });
  });

  it("do not move if the transaction that stores the documents fails", async () => {
    const key = newKey();
    const { connection } = await open(key);
    const failing = storage().database.transaction(async (transaction) => {
      await advanceStream(transaction, connection, { durableUpTo: 9, failures: [failure(9)], now });
      throw new Error("the documents could not be stored");
    });
    await expect(failing).rejects.toThrow("could not be stored");
    expect(await open(key)).toMatchObject({ durableUpTo: 0, failures: [] });
  });

  it("keep failures until the client has acknowledged them", async () => {
    const key = newKey();
    const { connection } = await open(key);
    await advance(connection, 4, [2, 4]);
    await advance(connection, 7, [7]);
    expect((await open(key)).failures).toEqual([failure(2), failure(4), failure(7)]);
    await acknowledgeFailures(storage().database, connection, 4);
    expect((await open(key)).failures).toEqual([failure(7)]);
    await acknowledgeFailures(storage().database, connection, 100);
    expect((await open(key)).failures).toEqual([]);
  });

  it("are apart by owner and by name", async () => {
    const key = newKey();
    await advance((await open(key)).connection, 9, [9]);
    expect(await open({ ...key, ownerId: newOwner() })).toMatchObject({ durableUpTo: 0, failures: [] });
    expect(await open({ ...key, streamId: "another" })).toMatchObject({ durableUpTo: 0, failures: [] });
  });

  it("hold a bulk load's vectors back as long as it moves, until it ends; an ordinary stream never does", async () => {
    const [bulk, ordinary] = [newKey(), newKey()];
    const loading = async (key: { ownerId: string }, at: Date) => {
      const { rows } = await storage().database.query(
        "look",
        "select from ingest_streams where owner_id = $1 and index_after > $2",
        [key.ownerId, at],
      );
      return rows.length > 0;
    };
    const later = (ms: number) => new Date(now.getTime() + ms);
    const { connection } = await open({ ...bulk, isBulk: true });
    await advance((await open(ordinary)).connection, 1);
    expect(await loading(ordinary, now)).toBe(false);
    expect(await loading(bulk, later(limits.bulkPauseMs - 1))).toBe(true);
    expect(await loading(bulk, later(limits.bulkPauseMs))).toBe(false);
    await advance(connection, 1, [], later(60_000));
    expect(await loading(bulk, later(60_000 + limits.bulkPauseMs - 1))).toBe(true);
    const connectionLater = (await open({ ...bulk, isBulk: true })).connection;
    await endBulkLoad(storage().database, connection);
    expect(await loading(bulk, now)).toBe(true);
    await endBulkLoad(storage().database, connectionLater);
    expect(await loading(bulk, now)).toBe(false);
  });

  it("expire with their failures when they have not been used, and begin again at 0", async () => {
    const [old, used] = [newKey(), newKey()];
    await advance((await open(old)).connection, 8, [8]);
    await advance((await open(used)).connection, 8, [8], new Date("2026-01-08"));
    expect(await deleteExpiredStreams(storage().database, new Date("2026-01-02"))).toBeGreaterThanOrEqual(1);
    expect(await open(old)).toMatchObject({ durableUpTo: 0, failures: [] });
    expect(await open(used)).toMatchObject({ durableUpTo: 8, failures: [failure(8)] });
  });

  function newKey() {
    return { ownerId: newOwner(), streamId: "stream/1 ä" };
  }

  function open(key: { ownerId: string; streamId: string; isBulk?: boolean }) {
    return openStream(storage().database, { isBulk: false, ...key }, now);
  }

  function advance(connection: StreamConnection, durableUpTo: number, failed: number[] = [], at = now): Promise<void> {
    return storage().database.transaction((transaction) =>
      advanceStream(transaction, connection, { durableUpTo, failures: failed.map(failure), now: at }),
    );
  }
});
