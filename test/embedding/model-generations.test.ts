import { describe, expect, it } from "vitest";
import { dropModel } from "../../src/admin/drop-model.ts";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { activateModel, rollBackModel } from "../../src/admin/switch-model.ts";
import { DependencyUnavailableError, StartupError } from "../../src/domain/errors.ts";
import type { EmbeddingModelSpec } from "../../src/embedding/embedding-model-spec.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { ModelGenerations } from "../../src/embedding/model-generations.ts";
import { readModels } from "../../src/storage/model-registry.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { openHashing, queueAll, tableOf, useModels } from "../support/model-deps.ts";
import { silentLogger } from "../support/test-storage.ts";

describe.each(testDatabases())("the models of a process on $name", (kind) => {
  const storage = useModels(kind);

  /** The models as another process has them, with what it opened and closed. */
  async function openElsewhere(canOpen: (spec: EmbeddingModelSpec) => boolean = () => true) {
    const opened: number[] = [];
    const closed: number[] = [];
    const openProvider = async (spec: EmbeddingModelSpec) => {
      if (!canOpen(spec)) throw new StartupError("no key");
      const provider = await openHashing(spec);
      const { dimension } = provider.model;
      opened.push(dimension);
      const close = async () => {
        closed.push(dimension);
      };
      return { ...provider, close };
    };
    const models = await ModelGenerations.open({ ...storage(), logger: silentLogger, openProvider });
    return { models, opened, closed };
  }

  async function build() {
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    await queueAll(storage(), await tableOf(storage(), "hashing/32"));
  }
  const activate = () => activateModel(storage(), { modelId: "", force: true }, never);

  it("are looked up anew when another process has switched, each opened once and closed when it is dropped", async () => {
    const { models, opened, closed } = await openElsewhere();
    expect(models.active.table.modelId).toBe("hashing/64");
    let changes = 0;
    await build();
    await activate();
    const changed = models.changed.wait(10_000).then(() => changes++);
    const all = await Promise.all([models.refresh(), models.refresh(), models.refresh(never)]);
    expect(new Set(all.map(({ table }) => table.modelId))).toEqual(new Set(["hashing/32"]));
    await changed;
    expect(changes).toBe(1);
    expect(models.active.provider.model.dimension).toBe(32);
    expect(models.activeProvider().model.dimension).toBe(32);
    expect(opened).toEqual([64, 32]);

    await rollBackModel(storage(), { modelId: "", force: true }, never);
    await dropModel(storage(), "hashing/32", never);
    await models.refresh();
    await models.closeDropped();
    expect(models.active.table.modelId).toBe("hashing/64");
    expect([opened, closed]).toEqual([[64, 32], [32]]);
    await models.close();
    expect(closed).toEqual([32, 64]);
  });

  it("never give another model's vectors where the active one cannot be opened, and take it when it can", async () => {
    let hasKey = false;
    const { models } = await openElsewhere((spec) => hasKey || spec.dimension === 64);
    await build();
    await activate();
    const { table, provider } = await models.refresh();
    expect([table.modelId, provider.model.modelId]).toEqual(["hashing/32", "hashing/32"]);
    await expect(provider.embed(["tea"], "query", never)).rejects.toThrow(DependencyUnavailableError);
    hasKey = true;
    const generation = await models.refresh();
    expect(await generation.provider.embed(["tea"], "query", never)).toHaveLength(1);
    await models.close();
  });

  it("begin with the model of the database, whatever is configured, which is closed then", async () => {
    let isClosed = false;
    const close = async () => {
      isClosed = true;
    };
    const configured = { ...createHashingEmbedder({ dimension: 16 }), close };
    const deps = { ...storage(), logger: silentLogger, openProvider: openHashing };
    const models = await ModelGenerations.open(deps, configured);
    expect([models.active.table.modelId, isClosed]).toEqual(["hashing/64", true]);
    await models.close();
    const fitting = await ModelGenerations.open(deps, createHashingEmbedder({ dimension: 64 }));
    expect(fitting.active.table.modelId).toBe("hashing/64");
    await fitting.close();
  });

  it("refuse what opens as another model than the stored one", async () => {
    const open = (dimension: number, modelId?: string) =>
      ModelGenerations.open({
        ...storage(),
        logger: silentLogger,
        openProvider: async () => {
          const provider = createHashingEmbedder({ dimension });
          return { ...provider, model: { ...provider.model, modelId: modelId ?? provider.model.modelId } };
        },
      });
    await expect(open(32)).rejects.toThrow(/vectors are of model hashing\/64, but what opens is hashing\/32/);
    await expect(open(32, "hashing/64")).rejects.toThrow(/has 32 dimensions, but its table embeddings_hashing_64 stores 64/);
    expect(await readModels(storage().database)).toHaveLength(1);
  });
});
