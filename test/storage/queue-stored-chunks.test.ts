import { describe, expect, it } from "vitest";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { readModels } from "../../src/storage/model-registry.ts";
import { queueStoredChunks } from "../../src/storage/queue-stored-chunks.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { embedAll, queueAll, tableOf, useModels } from "../support/model-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, realPostgres } from "../support/test-storage.ts";

const now = new Date();

describe.each(testDatabases())("queueing stored chunks for a new model on $name", (kind) => {
  const storage = useModels(kind);

  async function startModel() {
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    return await tableOf(storage(), "hashing/32");
  }

  async function storeLeaves(count: number): Promise<void> {
    const leaves = Array.from({ length: count }, (_, index) => `leaf ${index}`);
    await store(storage().database, [{ ownerId: newOwner(), leaves, parents: [count] }]);
  }

  async function jobsOf(modelId: string): Promise<number> {
    const { rows } = await storage().database.query<{ jobs: number }>(
      "count_jobs",
      "select count(*)::integer as jobs from embedding_jobs where model_id = $1",
      [modelId],
    );
    return rows[0]?.jobs ?? 0;
  }

  it("takes the chunks in batches and remembers where it was, as many as may wait at once", async () => {
    await storeLeaves(5);
    await storeLeaves(4);
    const table = await startModel();
    const { database } = storage();
    const before = await jobsOf(table.modelId);
    expect(before).toBe(0);
    // A batch of four rows at a time, parents among them.
    const options = { count: 4, jobsMax: 6, now };
    expect(await queueStoredChunks(database, table, options, never)).toBe("queued");
    expect(await queueStoredChunks(database, table, options, never)).toBe("queued");
    while ((await queueStoredChunks(database, table, options, never)) === "queued");
    expect(await queueStoredChunks(database, table, options, never)).toBe("waiting");
    const waiting = await jobsOf(table.modelId);
    expect(waiting).toBeGreaterThanOrEqual(6);
    expect(waiting).toBeLessThan(10);

    await embedAll(storage(), table);
    while ((await queueStoredChunks(database, table, options, never)) !== "finished");
    await embedAll(storage(), table);
    const [, model] = await readModels(database);
    expect(model).toMatchObject({ state: "building", queuedCount: 9, queuedAt: now });
    expect(await queueStoredChunks(database, table, options, never)).toBe("finished");
  });

  it("makes no second job for chunks that came after the model", async () => {
    const table = await startModel();
    const before = await jobsOf(table.modelId);
    await storeLeaves(3);
    expect((await jobsOf(table.modelId)) - before).toBe(3);
    await embedAll(storage(), table);
    await queueAll(storage(), table);
    const { rows } = await storage().database.query<{ missing: number }>(
      "count_without_job",
      `select count(*)::integer as missing
       from document_chunks c
       where c.chunk_level = 0
         and (exists (select from embeddings_hashing_32 e where e.owner_id = c.owner_id and e.chunk_id = c.chunk_id)
           = exists (select from embedding_jobs j
                     where j.owner_id = c.owner_id and j.chunk_id = c.chunk_id and j.model_id = 'hashing/32'))`,
    );
    expect(rows[0]?.missing).toBe(0);
  });

  it("ends when nobody builds the model any more", async () => {
    const { database, table } = storage();
    expect(await queueStoredChunks(database, table, { count: 1, jobsMax: 1, now }, never)).toBe("finished");
    expect(await queueStoredChunks(database, { ...table, modelId: "none" }, { count: 1, jobsMax: 1, now }, never)).toBe(
      "finished",
    );
  });
});

describe.skipIf(!hasRealPostgres())("queueing stored chunks in several processes", () => {
  const storage = useModels(realPostgres);

  it("is done by one at a time, and a batch that is undone is taken again", async () => {
    const { database } = storage();
    await store(database, [{ leaves: ["a", "b", "c"] }]);
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    const table = await tableOf(storage(), "hashing/32");
    const options = { count: 10, jobsMax: 100, now };
    const other = await storage().openAnotherPool();
    const undone = new Error("undone");
    const transaction = other.transaction(async (held) => {
      await held.query("hold", "select from embedding_models where model_id = 'hashing/32' for update");
      expect(await queueStoredChunks(database, table, options, never)).toBe("waiting");
      throw undone;
    });
    await expect(transaction).rejects.toBe(undone);
    await other.close();
    expect(await queueStoredChunks(database, table, options, never)).toBe("queued");
    expect(await queueStoredChunks(database, table, options, never)).toBe("finished");
    expect((await readModels(database))[1]).toMatchObject({ queuedCount: 3 });
  });

  it("misses no chunk of a transaction that was under way when the model was registered", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    const { promise: isHeld, resolve: held } = Promise.withResolvers<void>();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    const other = await storage().openAnotherPool();
    const writing = other.transaction(async (transaction) => {
      // What a writer does before it inserts its chunks.
      await transaction.query("touch_chunks", "delete from document_chunks where owner_id = $1", [ownerId]);
      held();
      await mayEnd;
    });
    await isHeld;
    const starting = startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    const started = starting.then(() => "started");
    const waited = new Promise((resolve) => setTimeout(() => resolve("waiting"), 200));
    expect(await Promise.race([started, waited])).toBe("waiting");
    end();
    await writing;
    await starting;
    await other.close();
    expect((await readModels(database)).map(({ state }) => state)).toEqual(["active", "building"]);
  });
});
