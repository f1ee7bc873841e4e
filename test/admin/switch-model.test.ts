import { afterEach, describe, expect, it } from "vitest";
import { compareModels } from "../../src/admin/compare-models.ts";
import { dropModel } from "../../src/admin/drop-model.ts";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { activateModel, rollBackModel } from "../../src/admin/switch-model.ts";
import { NotFoundError, PreconditionError } from "../../src/domain/errors.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { embedAll, queueAll, tableOf, useModels } from "../support/model-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner } from "../support/test-storage.ts";

describe.each(testDatabases())("switching the active model on $name", (kind) => {
  const storage = useModels(kind);

  afterEach(async () => {
    await storage().database.query("forget", "truncate documents, document_chunks, owner_counters, embedding_jobs cascade");
  });

  const activate = (force = false, modelId = "") => activateModel(storage(), { modelId, force }, never);
  const rollBack = (force = false, modelId = "") => rollBackModel(storage(), { modelId, force }, never);

  async function start() {
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    return await tableOf(storage(), "hashing/32");
  }

  /** Stores three chunks and builds the model whole. */
  async function build() {
    await store(storage().database, [{ ownerId: newOwner(), leaves: ["tea", "coffee", "milk"] }]);
    await embedAll(storage(), storage().table);
    const table = await start();
    await queueAll(storage(), table);
    await embedAll(storage(), table);
    return table;
  }

  async function expectRefused(switching: Promise<unknown>, reason: string): Promise<void> {
    const refused = await switching.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PreconditionError);
    expect(refused).toMatchObject({ reason });
    expect(storage().models.active.table.modelId).toBe("hashing/64");
  }

  it("is refused until every chunk has a vector, with force as well", async () => {
    await store(storage().database, [{ leaves: ["tea", "coffee"] }]);
    const table = await start();
    await expectRefused(activate(true), "MODEL_NOT_READY");
    await queueAll(storage(), table);
    await expectRefused(activate(true), "MODEL_NOT_READY");
    await embedAll(storage(), table);
    await expectRefused(activate(), "MODEL_NOT_COMPARED");
    await compareModels(storage(), { modelId: "", queryCount: 10 }, never);
    const { active, retired } = await activate();
    expect([active.model.table.modelId, active.stage, retired?.model.table.modelId, retired?.stage]).toEqual([
      "hashing/32",
      "active",
      "hashing/64",
      "retired",
    ]);
    expect(storage().models.active.table.modelId).toBe("hashing/32");
    expect(storage().models.active.provider.model.dimension).toBe(32);
  });

  it("is not kept from it by chunks that came a moment ago, but needs force where some could not be embedded", async () => {
    const table = await build();
    await compareModels(storage(), { modelId: "", queryCount: 10 }, never);
    await store(storage().database, [{ leaves: ["new"] }]);
    await storage().database.query("let_it_die", "update embedding_jobs set state = 'dead' where model_id = $1", [table.modelId]);
    await expectRefused(activate(), "MODEL_INCOMPLETE");
    await storage().database.query("let_it_live", "update embedding_jobs set state = 'pending' where model_id = $1", [
      table.modelId,
    ]);
    await activate();
    expect(storage().models.active.table.modelId).toBe("hashing/32");
  });

  it("does without a comparison, and without chunks that could not be embedded, if forced", async () => {
    const table = await build();
    await store(storage().database, [{ leaves: ["new"] }]);
    await storage().database.query("let_it_die", "update embedding_jobs set state = 'dead' where model_id = $1", [table.modelId]);
    await activate(true);
    expect(storage().models.active.table.modelId).toBe("hashing/32");
  });

  it("changes nothing if the model is active already", async () => {
    expect(await activate(false, "hashing/64")).toMatchObject({ active: { stage: "active" }, retired: undefined });
    await expectRefused(activate(), "NO_MODEL_MIGRATION");
    await expect(activate(false, "hashing/1")).rejects.toThrow(NotFoundError);
  });

  it("goes back and forth, and nothing that came meanwhile is lost", async () => {
    await expectRefused(rollBack(), "NO_RETIRED_MODEL");
    const table = await build();
    await expectRefused(rollBack(false, table.modelId), "MODEL_BUILDING");
    await activate(true);
    await store(storage().database, [{ leaves: ["came meanwhile"] }]);
    await embedAll(storage(), table);
    await embedAll(storage(), storage().table);
    const back = await rollBack();
    expect(back.active).toMatchObject({
      model: { table: { modelId: "hashing/64" } },
      progress: { total: 4, done: 4, waiting: 0, dead: 0 },
    });
    expect(storage().models.active.table.modelId).toBe("hashing/64");
    expect((await rollBack()).active.model.table.modelId).toBe("hashing/32");
    await expect(activate(false, "hashing/64")).rejects.toMatchObject({ reason: "MODEL_RETIRED" });
  });

  it("goes back only with force where chunks would be lost", async () => {
    const table = await build();
    await activate(true);
    const aWhileAgo = new Date(Date.now() - 60_000);
    await store(storage().database, [{ leaves: ["late"] }], { now: aWhileAgo });
    await embedAll(storage(), table);
    // The retired model's queue was filled before the chunk came.
    await storage().database.query(
      "let_it_be_older",
      "update embedding_models set queued_at = $1 where model_id = 'hashing/64'",
      [new Date(0)],
    );
    await expect(rollBack()).rejects.toMatchObject({ reason: "MODEL_NOT_READY" });
    expect((await rollBack(true)).active.progress).toMatchObject({ total: 4, done: 3, waiting: 1 });
  });

  it("cannot be to a model that is gone, and the active one cannot be dropped", async () => {
    await build();
    await dropModel(storage(), "hashing/32", never);
    await expectRefused(activate(), "NO_MODEL_MIGRATION");
    await expect(activate(false, "hashing/32")).rejects.toThrow(NotFoundError);
    await expectRefused(dropModel(storage(), "hashing/64", never), "MODEL_ACTIVE");
  });
});
