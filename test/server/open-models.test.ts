import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { systemClock } from "../../src/domain/clock.ts";
import { StartupError } from "../../src/domain/errors.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import type { Logger } from "../../src/observability/logger.ts";
import { openModels, openProvider } from "../../src/server/open-models.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { readModels } from "../../src/storage/model-registry.ts";
import { testDatabases } from "../support/databases.ts";
import { openEmpty, schema, silentLogger, useStorage } from "../support/test-storage.ts";
import { readVectorIndexes } from "../support/vector-index.ts";

const hashing = { LLMEMORY_EMBEDDING_PROVIDER: "hashing" };

function opened(provider: EmbeddingProvider): PromiseSettledResult<EmbeddingProvider> {
  return { status: "fulfilled", value: provider };
}

function failed(message: string): PromiseSettledResult<EmbeddingProvider> {
  return { status: "rejected", reason: new StartupError(message) };
}

/** A logger that keeps warnings. */
function keepWarnings() {
  const warnings: unknown[] = [];
  const logger = Object.create(silentLogger, { warn: { value: (facts: unknown) => warnings.push(facts) } }) as Logger;
  return { logger, warnings };
}

describe.each(testDatabases())("the model of a start on $name", (kind) => {
  const storage = useStorage(kind);

  function open(environment: Record<string, string>, configured: PromiseSettledResult<EmbeddingProvider>, logger = silentLogger) {
    const { database, metrics } = storage();
    return openModels({ database, metrics, logger, settings: loadSettings(environment), clock: systemClock }, configured);
  }

  /** As if a model of that provider and name had been activated. */
  async function activate(provider: string, name: string): Promise<void> {
    await storage().database.query(
      "rename_model",
      "update embedding_models set model_id = $1 || '/' || $2, provider = $1, name = $2, spec = null where state = 'active'",
      [provider, name],
    );
  }

  it("is the active one although the settings name another, and a warning says so", async () => {
    const { logger, warnings } = keepWarnings();
    const models = await open(hashing, opened(createHashingEmbedder({ dimension: 384 })), logger);
    expect(models.active.table.modelId).toBe("hashing/64");
    expect(warnings).toEqual([{ active: "hashing/64", configured: "hashing/384" }]);
    await models.close();
    const fitting = await open(hashing, opened(createHashingEmbedder({ dimension: 64 })), logger);
    expect(warnings).toHaveLength(1);
    await fitting.close();
  });

  it("is the active one although that of the settings cannot be opened, unless they name its provider", async () => {
    const { logger, warnings } = keepWarnings();
    const models = await open({ LLMEMORY_EMBEDDING_PROVIDER: "local" }, failed("no files"), logger);
    expect(models.active.table.modelId).toBe("hashing/64");
    expect(warnings).toEqual([{ active: "hashing/64", configured: "local" }]);
    await models.close();
    await expect(open(hashing, failed("no such dimension"))).rejects.toThrow(/^no such dimension$/);
  });

  it("is refused if the active one cannot be opened, with both names and the way out", async () => {
    await activate("local", "lost");
    const opening = open(hashing, opened(createHashingEmbedder({ dimension: 64 })));
    await expect(opening).rejects.toThrow(StartupError);
    await expect(opening).rejects.toThrow(
      /vectors are of model local\/lost, while the settings name hashing\/64, .* files of the local model lost are in none of .*llmemory model start/,
    );
    await activate("hashing", "64");
  });

  it("keeps the profile that its index was built for, and a warning says so where the settings name another", async () => {
    const { logger, warnings } = keepWarnings();
    for (const [profile, warned] of [
      ["fast", [{ index: "balanced", configured: "fast" }]],
      ["balanced", []],
      ["", []],
    ] as const) {
      warnings.length = 0;
      const environment = { ...hashing, LLMEMORY_INDEX_PROFILE: profile };
      const models = await open(environment, opened(createHashingEmbedder({ dimension: 64 })), logger);
      expect(models.active.table.indexProfile).toBe("balanced");
      expect(warnings).toEqual(warned);
      await models.close();
    }
  });
});

describe.each(testDatabases())("the model of a first start on $name", (kind) => {
  it("is that of the settings, and what opens it is remembered", async () => {
    const { database, metrics, drop } = await openEmpty(kind);
    try {
      await migrate(database, schema);
      const profile = { AWORD_HNSW_PROFILE: "accurate" };
      const settings = loadSettings({ ...hashing, ...profile, LLMEMORY_EMBEDDING_DIMENSION: "48" });
      const { logger, warnings } = keepWarnings();
      const deps = { database, metrics, logger, settings, clock: systemClock };
      await expect(openModels(deps, failed("no files"))).rejects.toThrow("no files");
      const models = await openModels(deps, opened(await openProvider(deps)));
      expect(models.active.table.modelId).toBe("hashing/48");
      expect(await readModels(database)).toMatchObject([
        { provider: "hashing", name: "48", spec: { provider: "hashing", dimension: 48 }, chunkTokensMax: 508, state: "active" },
      ]);
      const { table } = models.active;
      expect(table.indexProfile).toBe("accurate");
      const [index] = await readVectorIndexes({ database, table });
      expect(index?.definition).toBe(" WITH (m='32', ef_construction='400') WHERE indexed");
      expect(warnings).toEqual([]);
      await models.close();
    } finally {
      await drop();
    }
  });
});
