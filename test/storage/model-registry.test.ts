import { describe, expect, it } from "vitest";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { deleteModelJobs, lockModels, readModels, saveComparison, setModelState } from "../../src/storage/model-registry.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { useModels } from "../support/model-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { realPostgres } from "../support/test-storage.ts";

describe.each(testDatabases())("the registry of models on $name", (kind) => {
  const storage = useModels(kind);
  const start = (dimension: number) => startModelMigration(storage(), { provider: "hashing", dimension }, never);
  const statesOf = async () => (await readModels(storage().database)).map(({ table, state }) => `${table.modelId} ${state}`);

  it("lists the active model, the one that is being built, and those that were active, the latest first", async () => {
    const { database } = storage();
    await start(32);
    expect(await statesOf()).toEqual(["hashing/64 active", "hashing/32 building"]);
    const retire = (modelId: string, now: Date) => setModelState(database, modelId, { state: "retired", now });
    await retire("hashing/64", new Date("2026-01-01"));
    await setModelState(database, "hashing/32", { state: "active", now: new Date("2026-01-01") });
    await start(16);
    expect(await statesOf()).toEqual(["hashing/32 active", "hashing/16 building", "hashing/64 retired"]);
    await retire("hashing/32", new Date("2026-01-02"));
    await setModelState(database, "hashing/16", { state: "active", now: new Date("2026-01-02") });
    expect(await statesOf()).toEqual(["hashing/16 active", "hashing/32 retired", "hashing/64 retired"]);
  });

  it("knows what opens a model, and how it compared", async () => {
    await start(32);
    const comparedAt = new Date("2026-02-03T04:05:06.789Z");
    const comparison = {
      comparedWith: "hashing/64",
      comparedAt,
      queryCount: 3,
      historyQueryCount: 1,
      overlapAt10: 0.5,
      overlapAt10Min: 0.1,
      sameFirst: 1,
    };
    await saveComparison(storage().database, "hashing/32", comparison);
    const [, model] = await readModels(storage().database);
    expect(model).toMatchObject({
      provider: "hashing",
      name: "32",
      spec: { provider: "hashing", dimension: 32 },
      chunkTokensMax: 508,
      queuedCount: 0,
      queuedAt: undefined,
      comparison,
    });
  });

  it("has each new chunk embedded by every model but one that is being dropped", async () => {
    const { database } = storage();
    await start(32);
    const modelsOfNewChunk = async () => {
      const [stored] = await store(database, [{}]);
      const { rows } = await database.query<{ model_id: string }>(
        "models_of_chunk",
        `select j.model_id from embedding_jobs j join document_chunks c using (owner_id, chunk_id)
         where c.document_id = $1 order by j.model_id`,
        [stored?.document.documentId],
      );
      return rows.map((row) => row.model_id);
    };
    expect(await modelsOfNewChunk()).toEqual(["hashing/32", "hashing/64"]);
    await setModelState(database, "hashing/32", { state: "dropping", now: new Date() });
    expect(await modelsOfNewChunk()).toEqual(["hashing/64"]);
    await setModelState(database, "hashing/32", { state: "retired", now: new Date() });
  });

  it("deletes jobs of a model a bounded number at a time", async () => {
    const { database } = storage();
    await start(32);
    await store(database, [{ leaves: ["a", "b", "c", "d", "e"] }]);
    await database.query(
      "let_some_die",
      `update embedding_jobs set state = 'dead'
       where model_id = 'hashing/32' and chunk_id in (select chunk_id from embedding_jobs where model_id = 'hashing/32' limit 2)`,
    );
    const counts: number[] = [];
    do counts.push(await deleteModelJobs(database, "hashing/32", 2));
    while (counts.at(-1) !== 0);
    expect(counts).toEqual([2, 2, 1, 0]);
  });
});

describe.skipIf(!hasRealPostgres())("the registry of models under concurrent changes", () => {
  const storage = useModels(realPostgres);

  it("lets one change it at a time, who then sees what the one before has done", async () => {
    const { database } = storage();
    const other = await storage().openAnotherPool();
    const { promise: isLocked, resolve: locked } = Promise.withResolvers<void>();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    const first = other.transaction(async (transaction) => {
      await lockModels(transaction);
      locked();
      await mayEnd;
      await setModelState(transaction, "hashing/64", { state: "active", now: new Date("2030-01-01") });
    });
    await isLocked;
    const second = database.transaction((transaction) => lockModels(transaction));
    const waited = new Promise((resolve) => setTimeout(() => resolve("waiting"), 100));
    expect(await Promise.race([second, waited])).toBe("waiting");
    end();
    await first;
    expect((await second)[0]?.stateChangedAt).toEqual(new Date("2030-01-01"));
    await other.close();
  });
});
