import { describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import type { Queryable } from "../../src/storage/database.ts";
import { withinTime } from "../../src/storage/within-time.ts";
import { testDatabases } from "../support/databases.ts";
import { recordStatements, useStorage } from "../support/test-storage.ts";

/** Long enough for any statement here but those that sleep. */
const plentyMs = 60_000;

async function one(transaction: Queryable, name = "one"): Promise<number | undefined> {
  return (await transaction.query<{ one: number }>(name, "select 1 as one")).rows[0]?.one;
}

describe.each(testDatabases())("statements within a time on $name", (kind) => {
  const storage = useStorage(kind);

  it.each([
    { what: "no deadline", timeLeftMs: undefined },
    { what: "time enough", timeLeftMs: plentyMs },
    { what: "a fraction of a millisecond to spare", timeLeftMs: plentyMs + 0.75 },
  ])("give their result with $what, and the transaction goes on", async ({ timeLeftMs }) => {
    const { database } = storage();
    const results = await database.transaction(async (transaction) => {
      const first = await withinTime(transaction, timeLeftMs, () => one(transaction));
      const second = await withinTime(transaction, timeLeftMs, () => one(transaction));
      return [first, second, await one(transaction)];
    });
    expect(results).toEqual([1, 1, 1]);
  });

  it.each([limits.deadlineReserveMs, limits.deadlineReserveMs + 0.9, 1, 0, -1_000])(
    "are not even tried with %d ms left, which loading takes",
    async (timeLeftMs) => {
      const { queryable, names } = recordStatements(storage().database);
      const result = await withinTime(queryable, timeLeftMs, () => one(queryable));
      expect([result, names]).toEqual([undefined, []]);
    },
  );

  it("need no statement more without a deadline", async () => {
    const { queryable, names } = recordStatements(storage().database);
    expect(await withinTime(queryable, undefined, () => one(queryable))).toBe(1);
    expect(names).toEqual(["one"]);
  });

  it("fail as they are if it is not the time that they fail of", async () => {
    const { database } = storage();
    const failing = database.transaction((transaction) =>
      withinTime(transaction, plentyMs, () => transaction.query("wrong", "select * from no_such_table")),
    );
    await expect(failing).rejects.toMatchObject({ code: "42P01" });
    await expect(withinTime(database, undefined, () => Promise.reject(new Error("a bug")))).rejects.toThrow("a bug");
    expect(await one(database)).toBe(1);
  });

  it("work in a transaction of one snapshot with settings, as a search's is", async () => {
    const { database } = storage();
    const results = await database.transaction(
      async (transaction) => [await withinTime(transaction, plentyMs, () => one(transaction)), await one(transaction)],
      { snapshot: true, settings: { "hnsw.ef_search": 40 } },
    );
    expect(results).toEqual([1, 1]);
  });

  describe.runIf(kind.name === "embedded")("where there are no timeouts", () => {
    it("run to their end", async () => {
      const { database } = storage();
      const results = await database.transaction(async (transaction) => {
        const late = await withinTime(transaction, limits.deadlineReserveMs + 1, async () => {
          const { rows } = await transaction.query<{ count: number }>(
            "slow",
            "select count(*)::integer as count from generate_series(1, 200000) as n where n % 7 = 0",
          );
          return rows[0]?.count;
        });
        return [late, await one(transaction)];
      });
      expect(results).toEqual([28_571, 1]);
    });
  });

  describe.runIf(kind.name === "postgres")("where there are timeouts", () => {
    const soon = limits.deadlineReserveMs + 20;

    async function timeoutOf(queryable: Queryable): Promise<string | undefined> {
      const { rows } = await queryable.query<{ timeout: string }>(
        "timeout",
        "select current_setting('statement_timeout') as timeout",
      );
      return rows[0]?.timeout;
    }

    it("are given up, and the transaction goes on with what it had", async () => {
      const { database } = storage();
      const results = await database.transaction(async (transaction) => {
        await transaction.query("before", "create temporary table kept (id integer) on commit drop");
        await transaction.query("before", "insert into kept values (1)");
        const late = await withinTime(transaction, soon, async () => {
          await transaction.query("lost", "insert into kept values (2)");
          await transaction.query("slow", "select pg_sleep(600)");
          return "slept";
        });
        const { rows } = await transaction.query("after", "select id from kept");
        return { late, rows };
      });
      expect(results).toEqual({ late: undefined, rows: [{ id: 1 }] });
    });

    it("leave the time for other statements as it was, given up or not", async () => {
      const { database } = storage();
      const usual = await timeoutOf(database);
      const seen = await database.transaction(async (transaction) => {
        const inside = await withinTime(transaction, plentyMs, () => timeoutOf(transaction));
        const afterwards = await timeoutOf(transaction);
        await withinTime(transaction, soon, () => transaction.query("slow", "select pg_sleep(600)"));
        return { inside, afterwards, afterGivingUp: await timeoutOf(transaction) };
      });
      expect(seen).toEqual({ inside: `${plentyMs - limits.deadlineReserveMs}ms`, afterwards: usual, afterGivingUp: usual });
      expect(await timeoutOf(database)).toBe(usual);
    });

    it("may be given up again and again", async () => {
      const { database } = storage();
      const results = await database.transaction(
        async (transaction) => {
          const late = [];
          for (let time = 0; time < 3; time++) {
            late.push(await withinTime(transaction, soon, () => transaction.query("slow", "select pg_sleep(600)")));
            late.push(await withinTime(transaction, plentyMs, () => one(transaction)));
          }
          return late;
        },
        { snapshot: true, settings: { "hnsw.ef_search": 40 } },
      );
      expect(results).toEqual([undefined, 1, undefined, 1, undefined, 1]);
    });

    it("end with the request, if that is what ends them", async () => {
      const { database } = storage();
      const caller = new AbortController();
      const outcome = database.transaction(
        (transaction) =>
          withinTime(transaction, plentyMs, async () => {
            caller.abort();
            await transaction.query("slow", "select pg_sleep(600)");
          }),
        { signal: caller.signal },
      );
      await expect(outcome).rejects.toMatchObject({ name: "CancelledError" });
      expect(await one(database)).toBe(1);
    });
  });
});
