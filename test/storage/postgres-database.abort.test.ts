import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { CancelledError, DeadlineExceededError } from "../../src/domain/errors.ts";
import type { Database } from "../../src/storage/database.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { realPostgres, useStorage } from "../support/test-storage.ts";

/** Takes about a second and, unlike pg_sleep, uses no timer that the embedded database would have to have. */
const slow = "select count(*) from generate_series(1, 4000000) as n where n % 7 = 0";

describe.each(testDatabases())("giving up on $name", (kind) => {
  const storage = useStorage(kind);

  it("refuses a statement whose caller has gone away already, and takes no connection", async () => {
    const { database } = storage();
    await expect(database.query("never", "select 1", [], AbortSignal.abort())).rejects.toThrow(CancelledError);
    await expect(database.transaction(async () => {}, { signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
    await activeIs(database, 0);
  });

  it("ends the wait for a statement and frees its connection", async () => {
    const { database } = storage();
    const caller = new AbortController();
    const outcome = expect(database.query("slow", slow, [], caller.signal)).rejects.toThrow(CancelledError);
    await activeIs(database, 1);
    caller.abort();
    await outcome;
    expect((await database.query("next", "select 1")).rowCount).toBe(1);
    await activeIs(database, 0);
  });

  it("says that the deadline has passed where it was a deadline", async () => {
    const { database } = storage();
    await expect(database.query("slow", slow, [], AbortSignal.timeout(20))).rejects.toThrow(DeadlineExceededError);
    await activeIs(database, 0);
  });

  it("ends the wait for a connection, and the connection goes to the next in line", async () => {
    const { database } = storage();
    const { total } = database.poolStatistics();
    const held = Promise.withResolvers<void>();
    const holders = Array.from({ length: total }, () => database.transaction(() => held.promise));
    await activeIs(database, total);
    const caller = new AbortController();
    const waiting = expect(database.query("waits", "select 1", [], caller.signal)).rejects.toThrow(CancelledError);
    const nextInLine = database.query("next", "select 1");
    caller.abort();
    await waiting;
    held.resolve();
    expect((await nextInLine).rowCount).toBe(1);
    await Promise.all(holders);
    await activeIs(database, 0);
  });

  it("commits nothing of a transaction that is given up, and leaves none open", async () => {
    const { database } = storage();
    const caller = new AbortController();
    const outcome = database.transaction(
      async (transaction) => {
        await transaction.query("create", "create table llmemory.left_behind (id integer)");
        caller.abort();
        await transaction.query("next", "select 1");
      },
      { signal: caller.signal },
    );
    await expect(outcome).rejects.toThrow(CancelledError);
    const { rows } = await database.query(
      "look",
      "select to_regclass('llmemory.left_behind') as found, now() = statement_timestamp() as fresh",
    );
    expect(rows).toEqual([{ found: null, fresh: true }]);
    await activeIs(database, 0);
  });

  it("works at whatever moment the caller goes away", async () => {
    const { database } = storage();
    for (let moment = 0; moment < 60; moment++) {
      const caller = new AbortController();
      const outcome = database
        .transaction(async (transaction) => (await transaction.query("one", "select 1")).rowCount, { signal: caller.signal })
        .catch((error: unknown) => error);
      for (let turn = 0; turn < moment % 20; turn++) await (moment < 20 ? undefined : moment < 40 ? nextTick() : nextTurn());
      caller.abort();
      const result = await outcome;
      expect(result === 1 || result instanceof CancelledError, `moment ${moment}: ${String(result)}`).toBe(true);
    }
    await activeIs(database, 0);
    const answers = await Promise.all(Array.from({ length: 20 }, () => database.query("still", "select 1")));
    expect(answers.map((answer) => answer.rowCount)).toEqual(answers.map(() => 1));
  });

  it("counts no database error, since the database made none", async () => {
    const { database, metrics } = storage();
    const read = () => metrics.registry.getSingleMetricAsString("memory_db_errors_total");
    const before = await read();
    await expect(database.query("slow", slow, [], AbortSignal.timeout(5))).rejects.toThrow(DeadlineExceededError);
    await expect(database.query("never", "select 1", [], AbortSignal.abort())).rejects.toThrow(CancelledError);
    await activeIs(database, 0);
    expect(await read()).toBe(before);
  });
});

describe.skipIf(!hasRealPostgres())("giving up on a real PostgreSQL", () => {
  const storage = useStorage(realPostgres);

  it("ends the statement on the server too", async () => {
    const { database } = storage();
    const caller = new AbortController();
    const outcome = expect(database.query("sleeping", "select pg_sleep(600)", [], caller.signal)).rejects.toThrow(CancelledError);
    const countSleeping = async () => {
      const { rowCount } = await database.query(
        "look",
        "select 1 from pg_stat_activity where datname = current_database() and query = 'select pg_sleep(600)' and state = 'active'",
      );
      return rowCount;
    };
    await expect.poll(countSleeping, { timeout: 10_000 }).toBe(1);
    caller.abort();
    await outcome;
    await expect.poll(countSleeping, { timeout: 10_000 }).toBe(0);
  });

  it("leaves the pool whole after more statements than it has connections", async () => {
    const { database } = storage();
    const { total } = database.poolStatistics();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 3 * total }, () => database.query("sleeping", "select pg_sleep(600)", [], AbortSignal.timeout(100))),
    );
    expect(
      outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason instanceof DeadlineExceededError),
    ).not.toContain(false);
    const held = Promise.withResolvers<void>();
    const holders = Array.from({ length: total }, () => database.transaction(() => held.promise));
    await activeIs(database, total);
    held.resolve();
    await Promise.all(holders);
  });
});

async function activeIs(database: Database, count: number): Promise<void> {
  while (database.poolStatistics().active !== count) await sleep(1);
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
