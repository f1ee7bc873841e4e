import { describe, expect, it } from "vitest";
import { dropModel } from "../../src/admin/drop-model.ts";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { NotFoundError } from "../../src/domain/errors.ts";
import { readModels, setModelState } from "../../src/storage/model-registry.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { embedAll, tableOf, useModels } from "../support/model-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, realPostgres } from "../support/test-storage.ts";

describe.each(testDatabases())("dropping a model on $name", (kind) => {
  const storage = useModels(kind);

  async function leftOf(modelId: string): Promise<Record<string, number> | undefined> {
    const { rows } = await storage().database.query<Record<string, number>>(
      "count_what_is_left",
      `select (select count(*)::integer from embedding_jobs where model_id = $1) as jobs,
              (select count(*)::integer from pg_class where relname like 'embeddings_hashing_32%') as relations,
              (select count(*)::integer from embedding_models where model_id = $1) as entries`,
      [modelId],
    );
    return rows[0];
  }

  it("deletes its vectors, its jobs and its entry, and nothing else", async () => {
    const { database } = storage();
    await store(database, [{ leaves: ["tea", "coffee"] }]);
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    const table = await tableOf(storage(), "hashing/32");
    await store(database, [{ leaves: ["milk"] }]);
    await embedAll(storage(), table);
    await store(database, [{ leaves: ["water"] }]);
    await dropModel(storage(), "hashing/32", never);
    expect(await leftOf("hashing/32")).toEqual({ jobs: 0, relations: 0, entries: 0 });
    expect((await leftOf("hashing/64"))?.jobs).toBe(4);
    await expect(dropModel(storage(), "hashing/32", never)).rejects.toThrow(NotFoundError);
    // It can be built anew.
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
  });

  it("goes on where it was interrupted", async () => {
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    await setModelState(storage().database, "hashing/32", { state: "dropping", now: new Date() });
    await dropModel(storage(), "hashing/32", never);
    expect(await readModels(storage().database)).toHaveLength(1);
  });
});

describe.skipIf(!hasRealPostgres())("dropping a model while others write", () => {
  const storage = useModels(realPostgres);

  it("waits for a writer that had read the registry before, and leaves none of its jobs", async () => {
    const { database } = storage();
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    const other = await storage().openAnotherPool();
    const { promise: isWritten, resolve: written } = Promise.withResolvers<void>();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    const ownerId = newOwner();
    const holding = other.transaction(async (transaction) => {
      await transaction.query("read_and_touch", "delete from document_chunks where owner_id = $1", [ownerId]);
      await transaction.query(
        "insert_job",
        `insert into embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, created_at)
         values ($1, gen_random_uuid(), 'hashing/32', 'pending', 0, $2, $2)`,
        [ownerId, new Date()],
      );
      written();
      await mayEnd;
    });
    await isWritten;
    const dropping = dropModel(storage(), "hashing/32", never);
    const waited = new Promise((resolve) => setTimeout(() => resolve("waiting"), 300));
    expect(await Promise.race([dropping, waited])).toBe("waiting");
    // Searches are not kept waiting for long: the lock is given up and asked for again.
    await database.query("read_chunks", "select count(*) from document_chunks");
    end();
    await Promise.all([holding, dropping]);
    await other.close();
    const { rows } = await database.query<{ jobs: number }>(
      "count_jobs",
      "select count(*)::integer as jobs from embedding_jobs where model_id = 'hashing/32'",
    );
    expect(rows[0]?.jobs).toBe(0);
  });
});
