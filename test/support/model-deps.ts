import { afterAll, afterEach, beforeAll } from "vitest";
import { dropModel } from "../../src/admin/drop-model.ts";
import type { ModelDeps } from "../../src/admin/model-status.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { systemClock } from "../../src/domain/clock.ts";
import { StartupError } from "../../src/domain/errors.ts";
import { createHashingEmbedder, embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { ModelGenerations, type ModelGenerationsDeps } from "../../src/embedding/model-generations.ts";
import { claimJobs, completeJobs } from "../../src/storage/embedding-jobs.ts";
import type { EmbeddingTable } from "../../src/storage/embedding-models.ts";
import { readModels } from "../../src/storage/model-registry.ts";
import { queueStoredChunks } from "../../src/storage/queue-stored-chunks.ts";
import type { TestDatabase } from "./databases.ts";
import { never } from "./document-deps.ts";
import { dimension, silentLogger, type TestStorage, useStorage } from "./test-storage.ts";

/** Opens models of hashed words; the local model and endpoints have tests of their own. */
export const openHashing: ModelGenerationsDeps["openProvider"] = async (spec) => {
  if (spec.provider !== "hashing") throw new StartupError(`a test has no model of ${spec.provider}`);
  return createHashingEmbedder({ dimension: spec.dimension ?? dimension });
};

export type ModelStorage = ModelDeps & TestStorage;

/** A database whose active model is that of the tests, and all that changing it needs. After each test that model alone is left. */
export function useModels(kind: TestDatabase): () => ModelStorage {
  const storage = useStorage(kind);
  let models: ModelGenerations | undefined;
  beforeAll(async () => {
    models = await ModelGenerations.open({ ...storage(), logger: silentLogger, openProvider: openHashing });
  });
  afterEach(async () => {
    const deps = current();
    const { modelId } = deps.table;
    await deps.database.transaction(async (transaction) => {
      await transaction.query("retire_all", "update embedding_models set state = 'retired' where model_id <> $1", [modelId]);
      await transaction.query("activate_first", "update embedding_models set state = 'active' where model_id = $1", [modelId]);
    });
    for (const { table, state } of await readModels(deps.database))
      if (state === "retired") await dropModel(deps, table.modelId, never);
  });
  afterAll(() => models?.close());
  const current = () => {
    if (!models) throw new Error("the models are open only while tests run");
    return { ...storage(), models, settings: loadSettings({}), clock: systemClock, logger: silentLogger };
  };
  return current;
}

/** Queues what was stored before a model. */
export async function queueAll({ database }: Pick<ModelStorage, "database">, table: EmbeddingTable): Promise<void> {
  const options = { count: 1_000, jobsMax: 1_000_000, now: new Date() };
  while ((await queueStoredChunks(database, table, options, never)) !== "finished");
}

/** Gives every chunk that waits for a vector of a model of hashed words the one of its text. */
export async function embedAll({ database }: Pick<ModelStorage, "database">, table: EmbeddingTable): Promise<void> {
  for (;;) {
    const now = new Date();
    const lease = { leaseId: crypto.randomUUID(), modelId: table.modelId };
    const jobs = await claimJobs(database, lease, { count: 1_000, now, leaseUntil: new Date(now.getTime() + 60_000) });
    if (jobs.length === 0) return;
    const results = jobs.map((job) => ({ job, embedding: embedHashedWords(job.content, table.dimension) }));
    await completeJobs(database, lease, table, results);
  }
}

/** The table of a model, as the registry has it. */
export async function tableOf({ database }: Pick<ModelStorage, "database">, modelId: string): Promise<EmbeddingTable> {
  const model = (await readModels(database)).find(({ table }) => table.modelId === modelId);
  if (!model) throw new Error(`there is no model ${modelId}`);
  return model.table;
}

/** How many vectors a table holds. */
export async function countVectors({ database }: Pick<ModelStorage, "database">, { tableName }: EmbeddingTable): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    "count_vectors",
    `select count(*)::integer as count from ${tableName}`,
  );
  return rows[0]?.count ?? 0;
}
