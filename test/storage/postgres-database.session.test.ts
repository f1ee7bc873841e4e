import { describe, expect, it } from "vitest";
import { CancelledError } from "../../src/domain/errors.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { realPostgres, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("a session on $name", (kind) => {
  const storage = useStorage(kind);

  it("runs what cannot run in a transaction", async () => {
    const session = await storage().database.openSession(never);
    try {
      await session.query("vacuum", "vacuum owner_counters");
      expect((await session.query("read", "select 1 as one")).rows).toEqual([{ one: 1 }]);
    } finally {
      await session.close();
    }
  });

  it("is not opened once its caller has gone", async () => {
    await expect(storage().database.openSession(AbortSignal.abort())).rejects.toThrow(CancelledError);
  });
});

describe.skipIf(!hasRealPostgres())("a session on a real PostgreSQL", () => {
  const storage = useStorage(realPostgres);

  it("has no limit of time, and takes what is set or locked on it along when it ends", async () => {
    const { database } = storage();
    const session = await database.openSession(never);
    const { rows } = await session.query("read", "select current_setting('statement_timeout') as timeout");
    expect(rows).toEqual([{ timeout: "0" }]);
    await session.query("lock", "select pg_advisory_lock(7)");
    const isFree = async () =>
      (await database.query<{ free: boolean }>("try", "select pg_try_advisory_xact_lock(7) as free")).rows[0]?.free;
    expect(await isFree()).toBe(false);
    await session.close();
    await expect.poll(isFree).toBe(true);
  });

  it("is none of the pool's connections", async () => {
    const { database } = storage();
    const session = await database.openSession(never);
    const running = session.query("sleep", "select pg_sleep(0.3)");
    expect(database.poolStatistics().active).toBe(0);
    await running;
    await session.close();
  });

  it("ends the statement that runs when its signal aborts, on the server too", async () => {
    const caller = new AbortController();
    const session = await storage().database.openSession(caller.signal);
    const running = session.query("sleep", "select pg_sleep(600) as forever");
    const sleeping = async () =>
      (
        await storage().database.query(
          "look",
          "select 1 from pg_stat_activity where datname = current_database() and query like '%as forever' and pid <> pg_backend_pid()",
        )
      ).rowCount;
    await expect.poll(sleeping).toBe(1);
    caller.abort();
    await expect(running).rejects.toThrow(CancelledError);
    await expect.poll(sleeping, { timeout: 10_000 }).toBe(0);
    await session.close();
  });
});
