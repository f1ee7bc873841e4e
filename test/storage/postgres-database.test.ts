import { describe, expect, it } from "vitest";
import { ConflictError, LimitExceededError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { realPostgres, useStorage } from "../support/test-storage.ts";

const fail = (sqlState: string) => `do $$ begin raise exception 'caused by a test' using errcode = '${sqlState}'; end $$`;

describe.each(testDatabases())("the database on $name", (kind) => {
  const storage = useStorage(kind);

  it("commits what a transaction did, and gives its result", async () => {
    const { database } = storage();
    await database.query("create", "create table committed (id integer)");
    const result = await database.transaction(async (transaction) => {
      await transaction.query("fill", "insert into committed values (1), (2)");
      return "done";
    });
    expect(result).toBe("done");
    expect((await database.query("look", "select * from committed")).rowCount).toBe(2);
  });

  it("rolls back whatever was thrown, and throws it on", async () => {
    const { database } = storage();
    await database.query("create", "create table rolled_back (id integer)");
    const thrown = new Error("of the use case");
    const failing = database.transaction(async (transaction) => {
      await transaction.query("fill", "insert into rolled_back values (1)");
      throw thrown;
    });
    await expect(failing).rejects.toBe(thrown);
    expect((await database.query("look", "select * from rolled_back")).rowCount).toBe(0);
  });

  it.each(["40001", "40P01"])("repeats a transaction that ended with %s, in full", async (sqlState) => {
    const { database } = storage();
    const table = `repeated_${sqlState.toLowerCase()}`;
    await database.query("create", `create table ${table} (attempt integer)`);
    let attempts = 0;
    await database.transaction(async (transaction) => {
      attempts++;
      await transaction.query("fill", `insert into ${table} values ($1)`, [attempts]);
      if (attempts < 3) await transaction.query("fail", fail(sqlState));
    });
    expect((await database.query("look", `select attempt from ${table}`)).rows).toEqual([{ attempt: 3 }]);
  });

  it("gives up after a few attempts, and says that the request may be repeated", async () => {
    let attempts = 0;
    const failing = storage().database.transaction(async (transaction) => {
      attempts++;
      await transaction.query("fail", fail("40001"));
    });
    await expect(failing).rejects.toThrow(ConflictError);
    expect(attempts).toBe(limits.transactionAttemptsMax);
  });

  it("does not repeat what another attempt would not change", async () => {
    let attempts = 0;
    const failing = storage().database.transaction(async (transaction) => {
      attempts++;
      await transaction.query("fail", "select no_such_column");
    });
    await expect(failing).rejects.toMatchObject({ code: "42703" });
    expect(attempts).toBe(1);
  });

  it("refuses to queue more requests than can ever be answered in time", async () => {
    const { database } = storage();
    const held = Promise.withResolvers<void>();
    const { total } = database.poolStatistics();
    const holders = Array.from({ length: total }, () => database.transaction(() => held.promise));
    await expect.poll(() => database.poolStatistics().active).toBe(total);
    const waiting = Array.from({ length: limits.databaseWaitersMax }, () => database.query("wait", "select 1"));
    await expect.poll(() => database.poolStatistics().waiting).toBe(limits.databaseWaitersMax);
    const refused = database.query("one_too_many", "select 1");
    await expect(refused).rejects.toThrow(LimitExceededError);
    await expect(refused).rejects.toMatchObject({ reason: "DATABASE_BUSY", retryAfterMs: expect.any(Number) });
    held.resolve();
    await Promise.all([...holders, ...waiting]);
    await expect.poll(() => database.poolStatistics()).toMatchObject({ active: 0, idle: total, total, waiting: 0 });
  });

  it("times each statement under its name, and counts errors by the class of their SQLSTATE", async () => {
    const { database, metrics } = storage();
    await database.query("a_name_of_its_own", "select 1");
    await expect(database.query("wrong", "select no_such_column")).rejects.toThrow();
    const text = await metrics.registry.metrics();
    expect(text).toContain('memory_db_query_duration_seconds_count{query_type="a_name_of_its_own"} 1');
    expect(text).toMatch(/memory_db_errors_total\{error_type="42"\} [1-9]/);
  });

  it("knows when it was last heard from", async () => {
    const { database } = storage();
    await database.query("ping", "select 1");
    const { lastAnswerAgeMs } = database.poolStatistics();
    expect(lastAnswerAgeMs).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(lastAnswerAgeMs)).toBe(true);
  });
});

describe.skipIf(!hasRealPostgres())("transactions that meet on a real PostgreSQL", () => {
  const storage = useStorage(realPostgres);

  it("both succeed although they lock in opposite order", async () => {
    const { database } = storage();
    await database.query("create", "create table circle as select id, 0 as count from generate_series(1, 2) as id");
    const bothHoldOne = barrier(2);
    const [up, down] = [
      [1, 2],
      [2, 1],
    ].map((order) => {
      let attempts = 0;
      return database.transaction(async (transaction) => {
        attempts++;
        for (const [index, id] of order.entries()) {
          await transaction.query("add", "update circle set count = count + 1 where id = $1", [id]);
          if (index === 0 && attempts === 1) await bothHoldOne();
        }
        return attempts;
      });
    });
    const attempts = await Promise.all([up, down]);
    expect(attempts.toSorted()).toEqual([1, 2]);
    expect((await database.query("look", "select count from circle")).rows).toEqual([{ count: 2 }, { count: 2 }]);
  });

  it("may not write where they read a snapshot", async () => {
    const write = "update documents set version = version";
    const writing = storage().database.transaction((transaction) => transaction.query("write", write), { snapshot: true });
    await expect(writing).rejects.toMatchObject({ code: "25006" });
  });

  it("read one snapshot, whatever is committed meanwhile", async () => {
    const { database } = storage();
    await database.query("create", "create table moving as select 1 as value");
    const seen = await database.transaction(
      async (transaction) => {
        const read = async () => (await transaction.query<{ value: number }>("read", "select value from moving")).rows[0]?.value;
        const before = await read();
        await database.query("change", "update moving set value = 2");
        return [before, await read()];
      },
      { snapshot: true },
    );
    expect(seen).toEqual([1, 1]);
  });
});

/** Resolves for all once so many have come. */
function barrier(count: number): () => Promise<void> {
  const all = Promise.withResolvers<void>();
  let missing = count;
  return () => {
    missing--;
    if (missing === 0) all.resolve();
    return all.promise;
  };
}
