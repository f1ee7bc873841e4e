import { describe, expect, it } from "vitest";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { activateModel } from "../../src/admin/switch-model.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { DependencyUnavailableError, InvalidInputError, PreconditionError } from "../../src/domain/errors.ts";
import type { EmbeddingModelSpec } from "../../src/embedding/embedding-model-spec.ts";
import { ModelGenerations } from "../../src/embedding/model-generations.ts";
import { readIndexProfile } from "../../src/storage/embedding-models.ts";
import { readModels } from "../../src/storage/model-registry.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { countVectors, openHashing, queueAll, tableOf, useModels } from "../support/model-deps.ts";
import { silentLogger } from "../support/test-storage.ts";
import { readVectorIndexes } from "../support/vector-index.ts";

const hashing = (dimension: number): EmbeddingModelSpec => ({ provider: "hashing", dimension });

describe.each(testDatabases())("starting a model migration on $name", (kind) => {
  const storage = useModels(kind);
  const start = (spec: EmbeddingModelSpec) => startModelMigration(storage(), spec, never);

  async function expectRefused(spec: EmbeddingModelSpec, reason: string): Promise<void> {
    const refused = await start(spec).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PreconditionError);
    expect(refused).toMatchObject({ reason });
  }

  it("registers the model with a table of its own, and searches go on with the other", async () => {
    const status = await start(hashing(32));
    expect(status).toMatchObject({
      stage: "building",
      model: { table: { modelId: "hashing/32", dimension: 32, tableName: "embeddings_hashing_32" } },
    });
    expect(await countVectors(storage(), status.model.table)).toBe(0);
    expect(storage().models.active.table.modelId).toBe("hashing/64");
  });

  it("builds the new index for the profile of the settings", async () => {
    const accurate = loadSettings({ LLMEMORY_INDEX_PROFILE: "accurate" });
    const { model } = await startModelMigration({ ...storage(), settings: accurate }, hashing(32), never);
    expect(model.table.indexProfile).toBe("accurate");
    const [index] = await readVectorIndexes({ ...storage(), table: model.table });
    expect(index?.definition).toBe(" WITH (m='32', ef_construction='400') WHERE indexed");
    expect(await readIndexProfile(storage().database, storage().table)).toBe("balanced");
  });

  it("is refused for the active model, and while another is being built", async () => {
    await expectRefused(hashing(64), "MODEL_ACTIVE");
    await start(hashing(32));
    await expectRefused(hashing(16), "MODEL_MIGRATION_RUNNING");
    await expectRefused(hashing(32), "MODEL_MIGRATION_RUNNING");
  });

  it("is refused for a model that one can go back to, and when vectors of too many models are stored", async () => {
    const build = async (dimension: number) => {
      await start(hashing(dimension));
      await queueAll(storage(), await tableOf(storage(), `hashing/${dimension}`));
      await activateModel(storage(), { modelId: "", force: true }, never);
    };
    await build(32);
    await expectRefused(hashing(64), "MODEL_EXISTS");
    await build(16);
    await expectRefused(hashing(8), "TOO_MANY_MODELS");
  });

  it("is refused for a model that cannot be opened or stored, or does not answer, and nothing is left of it", async () => {
    await expect(start({ provider: "openai", name: "none" })).rejects.toThrow(InvalidInputError);
    await expect(start(hashing(3_801))).rejects.toThrow(/dimension: is 3801 with hashing\/3801, and at most 3800 can be stored/);
    let isClosed = false;
    const silent = await ModelGenerations.open({
      ...storage(),
      logger: silentLogger,
      openProvider: async (spec) => ({
        ...(await openHashing(spec)),
        embed: () => Promise.reject(new DependencyUnavailableError("embeddings", "nobody is there")),
        close: async () => {
          isClosed = true;
        },
      }),
    });
    await expect(startModelMigration({ ...storage(), models: silent }, hashing(32), never)).rejects.toThrow("nobody is there");
    expect(isClosed).toBe(true);
    expect(await readModels(storage().database)).toHaveLength(1);
  });
});
