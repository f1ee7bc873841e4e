import { describe, expect, it } from "vitest";
import { dropModel } from "../../src/admin/drop-model.ts";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { type WatchedModel, watchModelMigration } from "../../src/admin/watch-model-migration.ts";
import { CancelledError, NotFoundError, PreconditionError } from "../../src/domain/errors.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { embedAll, queueAll, tableOf, useModels } from "../support/model-deps.ts";
import { store } from "../support/prepared-documents.ts";

const pace = { pollMs: 20, keepaliveMs: 60_000 };

describe.each(testDatabases())("watching a model migration on $name", (kind) => {
  const storage = useModels(kind);

  async function start() {
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    return await tableOf(storage(), "hashing/32");
  }

  const watch = (modelId = "", signal = never) => watchModelMigration(storage(), modelId, signal, pace);
  const next = async (watching: AsyncGenerator<WatchedModel, void>) => (await watching.next()).value;

  it("tells when something changes, and ends when the model is ready", async () => {
    await store(storage().database, [{ leaves: ["tea", "coffee", "milk"] }]);
    const table = await start();
    const watching = watch();
    expect(await next(watching)).toMatchObject({
      stage: "building",
      progress: { total: 3, done: 0, waiting: 0, dead: 0 },
      chunksPerSecond: undefined,
    });
    await queueAll(storage(), table);
    expect(await next(watching)).toMatchObject({
      stage: "building",
      progress: { waiting: 3 },
      chunksPerSecond: 0,
      timeLeftMs: undefined,
    });
    await embedAll(storage(), table);
    const last = await next(watching);
    expect(last).toMatchObject({ stage: "ready", progress: { total: 3, done: 3, waiting: 0 }, timeLeftMs: 0 });
    expect(last?.chunksPerSecond).toBeGreaterThan(0);
    expect(await watching.next()).toEqual({ value: undefined, done: true });
  });

  it("tells the same again when nothing changes, so that nobody takes the connection for dead", async () => {
    await start();
    const watching = watchModelMigration(storage(), "", never, { pollMs: 20, keepaliveMs: 50 });
    const [first, second] = [await next(watching), await next(watching)];
    expect(second).toMatchObject({ stage: first?.stage, progress: first?.progress });
    await watching.return();
  });

  it("ends when nothing waits any more although chunks failed", async () => {
    await store(storage().database, [{ leaves: ["tea"] }]);
    const table = await start();
    await queueAll(storage(), table);
    await storage().database.query("let_all_die", "update embedding_jobs set state = 'dead' where model_id = $1", [
      table.modelId,
    ]);
    const all: WatchedModel[] = [];
    for await (const watched of watch()) all.push(watched);
    expect(all.map(({ stage }) => stage)).toEqual(["incomplete"]);
  });

  it("ends when the model is dropped, and at once for one that is active", async () => {
    await start();
    const watching = watch();
    expect(await next(watching)).toMatchObject({ stage: "building" });
    await dropModel(storage(), "hashing/32", never);
    const stages: (string | undefined)[] = [];
    for await (const { stage } of watching) stages.push(stage);
    expect(stages.at(-1)).toBe("dropped");
    const active: string[] = [];
    for await (const { stage } of watch("hashing/64")) active.push(stage);
    expect(active).toEqual(["active"]);
  });

  it("is refused where there is nothing to watch, and ends when the caller goes away", async () => {
    await expect(next(watch())).rejects.toThrow(PreconditionError);
    await expect(next(watch("hashing/1"))).rejects.toThrow(NotFoundError);
    // Chunks that nobody queues: it would never be ready.
    await start();
    const leaving = new AbortController();
    const watching = watch("", leaving.signal);
    await next(watching);
    setTimeout(() => leaving.abort(), 50);
    await expect(next(watching)).rejects.toThrow(CancelledError);
  });
});
