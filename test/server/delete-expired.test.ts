import { describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { SearchHistory } from "../../src/search/search-history.ts";
import { startDeletingExpired } from "../../src/server/delete-expired.ts";
import { recordAdd } from "../../src/storage/idempotency-keys.ts";
import { openStream } from "../../src/storage/ingest-streams.ts";
import { findDocument } from "../../src/storage/read-documents.ts";
import { findSearch } from "../../src/storage/search-history.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { newAnswer, newQuery } from "../support/search-answers.ts";
import { newOwner, silentLogger, useStorage } from "../support/test-storage.ts";

const dayMs = 24 * 60 * 60 * 1_000;

describe.each(testDatabases())("deleting what has expired on $name", (kind) => {
  const storage = useStorage(kind);

  it("takes streams and searches that are too old, at once, and leaves the others", async () => {
    const { database, metrics } = storage();
    let now = new Date("2026-03-01");
    const deps = { database, metrics, clock: { now: () => now }, logger: silentLogger };
    const history = new SearchHistory(deps, { days: 3 });
    const ownerId = newOwner();
    const answers = [];
    for (const days of [0, limits.streamExpiryDays - 1]) {
      now = new Date(Date.UTC(2026, 2, 1) + days * dayMs);
      await openStream(database, { ownerId, streamId: `day ${days}`, isBulk: false }, now);
      const answer = newAnswer();
      history.record(newQuery({ ownerId }), answer, 1);
      answers.push(answer);
    }
    await history.flush();
    now = new Date(Date.UTC(2026, 2, 1) + limits.streamExpiryDays * dayMs + 1);
    const stop = await startDeletingExpired(deps, history);
    await stop();
    await history.stop();
    const { rows } = await database.query("streams", "select stream_id from ingest_streams where owner_id = $1", [ownerId]);
    expect(rows).toEqual([{ stream_id: `day ${limits.streamExpiryDays - 1}` }]);
    const found = await Promise.all(answers.map(({ searchId }) => findSearch(database, { ownerId, searchId })));
    expect(found.map((search) => search !== undefined)).toEqual([false, true]);
  });

  it("takes documents that have expired and idempotency keys of the day before, and leaves the others", async () => {
    const { database, metrics } = storage();
    const now = new Date("2026-03-02T12:00:00Z");
    const deps = { database, metrics, clock: { now: () => now }, logger: silentLogger };
    const ownerId = newOwner();
    const added = { now: new Date("2026-03-01T11:59:59Z") };
    const [result] = await store(
      database,
      [
        { ownerId, idAtOrigin: "stays", expiresAt: new Date(now.getTime() + 1) },
        { ownerId, idAtOrigin: "goes", expiresAt: now },
      ],
      added,
    );
    if (!result) throw new Error("nothing was stored");
    for (const [idempotencyKey, at] of [
      ["yesterday", added.now],
      ["today", now],
    ] as const) {
      const key = { ownerId, idempotencyKey, requestHash: Buffer.alloc(32) };
      await recordAdd(database, key, result, { now: at, since: added.now });
    }
    const history = new SearchHistory(deps, { days: 3 });
    const stop = await startDeletingExpired(deps, history);
    try {
      const count = async (table: string) =>
        (await database.query("count", `select 1 from ${table} where owner_id = $1`, [ownerId])).rowCount;
      await expect.poll(() => count("documents")).toBe(1);
      expect(await count("idempotency_keys")).toBe(1);
      expect(await findDocument(database, { ownerId, idAtOrigin: "stays" }, now)).toBeDefined();
    } finally {
      await stop();
      await history.stop();
    }
  });
});
