import { describe, expect, it, vi } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { SearchHistory } from "../../src/search/search-history.ts";
import type { Database } from "../../src/storage/database.ts";
import { findSearch } from "../../src/storage/search-history.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { newAnswer, newQuery } from "../support/search-answers.ts";
import { newOwner, realPostgres, silentLogger, useStorage } from "../support/test-storage.ts";

const dayMs = 24 * 60 * 60 * 1_000;

function newHistory(database: Database, options: { days?: number; now?: () => Date } = {}) {
  const metrics = createMetrics({ ownerLabels: true, version: "test" });
  const clock = { now: options.now ?? (() => new Date()) };
  const history = new SearchHistory({ database, clock, logger: silentLogger, metrics }, { days: options.days ?? 30 });
  const dropped = async () => (await metrics.searchHistoryDropped.get()).values[0]?.value ?? 0;
  return { history, dropped };
}

/** Records a search and gives its key. */
function recordSearch(history: SearchHistory, ownerId = newOwner()) {
  const answer = newAnswer();
  history.record(newQuery({ ownerId, queryText: "corn" }), answer, 12.5);
  return { ownerId, searchId: answer.searchId, answer };
}

describe.each(testDatabases())("remembering searches on $name", (kind) => {
  const storage = useStorage(kind);

  it("writes what was asked and found, and no contents", async () => {
    const { database } = storage();
    const { history } = newHistory(database, { now: () => new Date("2026-03-01") });
    const { answer, ...key } = recordSearch(history);
    expect(history.holds(key.searchId)).toBe(true);
    await history.flush();
    expect(history.holds(key.searchId)).toBe(false);
    expect(await findSearch(database, key)).toEqual({
      ...key,
      queryText: "corn",
      searchType: "hybrid",
      plan: "exact",
      limit: 10,
      chunkIds: answer.hits.map((hit) => hit.chunkId),
      scores: [1],
      durationMs: 12.5,
      createdAt: new Date("2026-03-01"),
    });
    await history.stop();
  });

  it("writes by itself after a while", async () => {
    const { database } = storage();
    const { history } = newHistory(database);
    const key = recordSearch(history);
    await vi.waitFor(async () => expect(await findSearch(database, key)).toBeDefined(), { timeout: 30_000 });
    await history.stop();
  });

  it("writes more than one batch, and what comes while it writes", async () => {
    const { database } = storage();
    const { history, dropped } = newHistory(database);
    const keys = Array.from({ length: 2 * limits.searchHistoryBatchSize + 7 }, () => recordSearch(history));
    const writing = history.flush();
    keys.push(recordSearch(history));
    await writing;
    await history.flush();
    for (const key of keys.slice(-10)) expect(await findSearch(database, key)).toBeDefined();
    expect(keys.filter(({ searchId }) => history.holds(searchId))).toEqual([]);
    await history.stop();
    expect(await dropped()).toBe(0);
  });

  it("writes what is left at a stop, and nothing after it", async () => {
    const { database } = storage();
    const { history, dropped } = newHistory(database);
    const key = recordSearch(history);
    await history.stop();
    expect(await findSearch(database, key)).toBeDefined();
    const late = recordSearch(history);
    await history.flush();
    expect(await findSearch(database, late)).toBeUndefined();
    expect(await dropped()).toBe(1);
  });

  it("drops what cannot be stored at all, and goes on with the rest", async () => {
    const { database } = storage();
    const { history, dropped } = newHistory(database);
    history.record(newQuery({ queryText: "a text that no database takes: \0" }), newAnswer(), 1);
    await history.flush();
    expect(await dropped()).toBe(1);
    const key = recordSearch(history);
    await history.flush();
    expect(await findSearch(database, key)).toBeDefined();
    await history.stop();
  });

  it("forgets what is older than its days", async () => {
    const { database } = storage();
    let now = new Date("2026-01-01");
    const { history } = newHistory(database, { days: 30, now: () => now });
    const old = recordSearch(history);
    now = new Date(now.getTime() + 20 * dayMs);
    const young = recordSearch(history);
    await history.flush();
    now = new Date(now.getTime() + 11 * dayMs);
    await history.sweep();
    expect(await findSearch(database, old)).toBeUndefined();
    expect(await findSearch(database, young)).toBeDefined();
    await history.stop();
  });

  it("keeps the latest of an owner who searches much", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    let now = Date.UTC(2026, 0, 1);
    const { history } = newHistory(database, { days: 3_650, now: () => new Date(now++) });
    const insert = `insert into search_history
      select $1, gen_random_uuid(), 'q', 'text', 'exact', 1, '{}', '{}', 1, timestamptz '2025-12-01' + n * interval '1 second'
      from generate_series(1, $2::integer) as n`;
    await database.query("fill", insert, [ownerId, limits.searchHistoryRowsMax]);
    const countRows = async () => {
      const text = "select count(*)::integer as count from search_history where owner_id = $1";
      return (await database.query<{ count: number }>("count", text, [ownerId])).rows[0]?.count;
    };
    const latest = recordSearch(history, ownerId);
    await history.flush();
    expect(await countRows()).toBe(limits.searchHistoryRowsMax + 1);
    await history.sweep();
    expect(await countRows()).toBe(limits.searchHistoryRowsMax);
    expect(await findSearch(database, latest)).toBeDefined();

    for (let count = 0; count < limits.searchHistoryTrimInterval; count++) {
      recordSearch(history, ownerId);
      if (count % limits.searchHistoryBatchSize === 0) await history.flush();
    }
    await history.flush();
    expect(await countRows()).toBe(limits.searchHistoryRowsMax);
    await history.stop();
  });

  it("remembers nothing and forgets everything when it is switched off", async () => {
    const { database } = storage();
    const { history: on } = newHistory(database);
    const before = recordSearch(on);
    await on.stop();
    const { history: off, dropped } = newHistory(database, { days: 0, now: () => new Date(Date.now() + 1_000) });
    const key = recordSearch(off);
    expect(off.holds(key.searchId)).toBe(false);
    await off.sweep();
    expect(await findSearch(database, before)).toBeUndefined();
    await off.stop();
    expect(await dropped()).toBe(0);
  });
});

describe.skipIf(!hasRealPostgres())("remembering searches while the database is in trouble", () => {
  const storage = useStorage(realPostgres);

  it("keeps as many as it may, drops the rest, and writes those it kept once it can", async () => {
    const { database, openAnotherPool } = storage();
    const other = await openAnotherPool();
    const { history, dropped } = newHistory(database);
    const released = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const blocking = other.transaction(async (transaction) => {
      await transaction.query("block", "lock table search_history in access exclusive mode");
      locked.resolve();
      await released.promise;
    });
    await locked.promise;
    const kept = Array.from({ length: limits.searchHistoryBufferMax }, () => recordSearch(history));
    recordSearch(history);
    recordSearch(history);
    expect(await dropped()).toBe(2);

    // The connection that waits is ended, as it is when a server restarts.
    const end = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%into search_history%'`;
    const writing = history.flush();
    await vi.waitFor(async () => expect((await database.query("end", end)).rowCount).toBe(1), { timeout: 30_000 });
    await writing;
    expect(history.holds(kept[0]?.searchId ?? "")).toBe(true);

    released.resolve();
    await blocking;
    await other.close();
    await history.flush();
    expect(kept.filter(({ searchId }) => history.holds(searchId))).toEqual([]);
    for (const key of [...kept.slice(0, 2), ...kept.slice(-2)]) expect(await findSearch(database, key)).toBeDefined();
    expect(await dropped()).toBe(2);
    await history.stop();
  });
});
