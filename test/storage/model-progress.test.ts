import { afterEach, describe, expect, it } from "vitest";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { countMissingVectors, readModelProgress } from "../../src/storage/model-progress.ts";
import { readModels } from "../../src/storage/model-registry.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { embedAll, queueAll, tableOf, useModels } from "../support/model-deps.ts";
import { store } from "../support/prepared-documents.ts";

const minuteMs = 60_000;

describe.each(testDatabases())("the progress of a model on $name", (kind) => {
  const storage = useModels(kind);

  afterEach(async () => {
    await storage().database.query("forget", "truncate documents, document_chunks, owner_counters, embedding_jobs cascade");
  });

  async function startModel() {
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    return await tableOf(storage(), "hashing/32");
  }

  async function readBuilding() {
    const [, model] = await readModels(storage().database);
    if (!model) throw new Error("no model is being built");
    return model;
  }

  it("counts chunks that have a vector, wait for it, or failed", async () => {
    const { database } = storage();
    await store(database, [{ leaves: ["a", "b", "c"] }]);
    const table = await startModel();
    expect(await readModelProgress(database, await readBuilding())).toEqual({ total: 3, done: 0, waiting: 0, dead: 0 });
    await queueAll(storage(), table);
    expect(await readModelProgress(database, await readBuilding())).toEqual({ total: 3, done: 0, waiting: 3, dead: 0 });
    await embedAll(storage(), table);
    await store(database, [{ leaves: ["d", "e"] }]);
    await database.query(
      "let_one_die",
      `update embedding_jobs set state = 'dead'
       where model_id = 'hashing/32' and chunk_id in (select chunk_id from embedding_jobs where model_id = 'hashing/32' limit 1)`,
    );
    expect(await readModelProgress(database, await readBuilding())).toEqual({ total: 5, done: 3, waiting: 1, dead: 1 });
    const [active] = await readModels(database);
    if (active) expect(await readModelProgress(database, active)).toEqual({ total: 5, done: 0, waiting: 5, dead: 0 });
  });

  it("misses stored chunks until each has its vector, and new ones only when they are late", async () => {
    const { database, table: activeTable } = storage();
    await store(database, [{ leaves: ["a", "b"] }]);
    const table = await startModel();
    await queueAll(storage(), table);
    const missing = async (lateBefore: Date) =>
      await countMissingVectors(database, await readBuilding(), { active: activeTable, lateBefore });
    const inAMinute = new Date(Date.now() + minuteMs);
    const aMinuteAgo = new Date(Date.now() - minuteMs);
    // Whether the active model has their vectors or not.
    expect(await missing(aMinuteAgo)).toEqual({ waiting: 2, dead: 0 });
    await embedAll(storage(), table);
    expect(await missing(aMinuteAgo)).toEqual({ waiting: 0, dead: 0 });

    await store(database, [{ leaves: ["c"] }], { now: new Date(Date.now() + 1_000) });
    expect(await missing(aMinuteAgo)).toEqual({ waiting: 0, dead: 0 });
    // Nobody has its vector, so nothing would be lost.
    expect(await missing(inAMinute)).toEqual({ waiting: 0, dead: 0 });
    await database.query("let_it_be_due", "update embedding_jobs set available_at = $1", [new Date()]);
    await embedAll(storage(), activeTable);
    expect(await missing(aMinuteAgo)).toEqual({ waiting: 0, dead: 0 });
    expect(await missing(inAMinute)).toEqual({ waiting: 1, dead: 0 });
  });
});
