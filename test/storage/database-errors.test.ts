import { describe, expect, it } from "vitest";
import {
  ConflictError,
  DeadlineExceededError,
  DependencyUnavailableError,
  DomainError,
  StartupError,
} from "../../src/domain/errors.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { errorType, isRetryable } from "../../src/storage/database-errors.ts";
import { openDatabase } from "../../src/storage/open-database.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { realPostgres, schema, silentLogger, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("errors of the database on $name", (kind) => {
  const storage = useStorage(kind);
  const raise = (sqlState: string) =>
    storage()
      .database.query("fail", `do $$ begin raise exception 'caused by a test' using errcode = '${sqlState}'; end $$`)
      .catch((error: unknown) => error);

  it.each([
    { sqlState: "40001", expected: ConflictError, reason: "CONCURRENT_WRITE" },
    { sqlState: "40P01", expected: ConflictError, reason: "CONCURRENT_WRITE" },
    { sqlState: "57014", expected: DeadlineExceededError, reason: "DEADLINE_EXCEEDED" },
    { sqlState: "08000", expected: DependencyUnavailableError, reason: "DEPENDENCY_UNAVAILABLE" },
    { sqlState: "08006", expected: DependencyUnavailableError, reason: "DEPENDENCY_UNAVAILABLE" },
    { sqlState: "57P01", expected: DependencyUnavailableError, reason: "DEPENDENCY_UNAVAILABLE" },
    { sqlState: "57P02", expected: DependencyUnavailableError, reason: "DEPENDENCY_UNAVAILABLE" },
    { sqlState: "57P03", expected: DependencyUnavailableError, reason: "DEPENDENCY_UNAVAILABLE" },
    { sqlState: "53300", expected: DependencyUnavailableError, reason: "DEPENDENCY_UNAVAILABLE" },
    { sqlState: "53100", expected: DependencyUnavailableError, reason: "DEPENDENCY_UNAVAILABLE" },
    { sqlState: "58030", expected: DependencyUnavailableError, reason: "DEPENDENCY_UNAVAILABLE" },
  ])("with SQLSTATE $sqlState become $reason", async ({ sqlState, expected, reason }) => {
    const error = await raise(sqlState);
    expect(error).toBeInstanceOf(expected);
    expect(error).toMatchObject({ reason, cause: { code: sqlState } });
    expect(isRetryable(error)).toBe(sqlState.startsWith("40"));
  });

  it.each(["42601", "23505", "22P02", "XX000", "P0001"])(
    "with SQLSTATE %s are a mistake of ours, and stay what they are",
    async (sqlState) => {
      const error = await raise(sqlState);
      expect(error).not.toBeInstanceOf(DomainError);
      expect(error).toMatchObject({ code: sqlState });
      expect(errorType(error)).toBe(sqlState.slice(0, 2));
      expect(isRetryable(error)).toBe(false);
    },
  );

  it("that ask to come back later say after how long", async () => {
    expect(await raise("53100")).toMatchObject({ retryAfterMs: 30_000, dependency: "database" });
    expect(await raise("57P01")).toMatchObject({ retryAfterMs: 1_000, dependency: "database" });
  });
});

describe.skipIf(!hasRealPostgres())("a real PostgreSQL that fails", () => {
  const storage = useStorage(realPostgres);

  it("is unavailable to a statement whose backend is terminated, and answers the next", async () => {
    const { database } = storage();
    const failing = database.transaction(async (transaction) => {
      const { rows } = await transaction.query<{ pid: number }>("own_pid", "select pg_backend_pid() as pid");
      await database.query("terminate", "select pg_terminate_backend($1)", [rows[0]?.pid]);
      await transaction.query("next", "select 1");
    });
    await expect(failing).rejects.toThrow(DependencyUnavailableError);
    expect((await database.query("again", "select 1")).rowCount).toBe(1);
    await expect.poll(() => database.poolStatistics().active).toBe(0);
  });

  it("is unavailable to a statement that was running", async () => {
    const { database } = storage();
    const failing = database.query("sleeping", "select pg_sleep(600)").catch((error: unknown) => error);
    const terminate =
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query = 'select pg_sleep(600)' and pid <> pg_backend_pid()";
    await expect.poll(async () => (await database.query("terminate", terminate)).rowCount).toBe(1);
    expect(await failing).toBeInstanceOf(DependencyUnavailableError);
    expect(await failing).toMatchObject({ cause: { code: "57P01" } });
    // The broken connection is not given to the next statements, though nobody has noticed yet that it is closed.
    await Promise.all(Array.from({ length: 20 }, () => database.query("again", "select 1")));
  });

  it("may drop idle connections without anyone noticing", async () => {
    const { database } = storage();
    await Promise.all(Array.from({ length: 5 }, () => database.query("spread", "select pg_sleep(0.05)")));
    const terminate =
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'llmemory' and datname = current_database() and pid <> pg_backend_pid()";
    const { rowCount } = await database.query("terminate", terminate);
    expect(rowCount).toBeGreaterThan(0);
    // Until the driver has read that they are closed, a statement may still be given one of them.
    const all = () => Promise.all(Array.from({ length: 10 }, () => database.query("again", "select 1")));
    await expect
      .poll(() =>
        all().then(
          (answers) => answers.length,
          () => 0,
        ),
      )
      .toBe(10);
  });

  it("takes longer than a statement may: the deadline has passed", async () => {
    const failing = storage().database.transaction(async (transaction) => {
      await transaction.query("limit", "set local statement_timeout to '20ms'");
      await transaction.query("sleep", "select pg_sleep(600)");
    });
    await expect(failing).rejects.toThrow(DeadlineExceededError);
  });
});

describe("a PostgreSQL that is not there", () => {
  it("stops the start and says what the connection said", async () => {
    const metrics = createMetrics({ ownerLabels: false, version: "test" });
    // Port 1 is reserved, and nothing listens there.
    const settings = {
      databaseUrl: "postgresql://nobody@127.0.0.1:1/nothing",
      dataDirectory: "",
      schema,
      databasePoolSizeMax: 2,
      slowQueryMs: 1_000,
    };
    const opening = () => openDatabase({ metrics, logger: silentLogger }, settings);
    await expect(opening).rejects.toThrow(StartupError);
    await expect(opening).rejects.toThrow(/cannot be reached: .*ECONNREFUSED/);
  });
});
