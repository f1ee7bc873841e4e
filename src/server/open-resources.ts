import { join } from "node:path";
import { startTextChunker, type TextChunker } from "../chunking/text-chunker.ts";
import { packageVersion } from "../config/package-info.ts";
import type { Settings } from "../config/settings.ts";
import { type Clock, systemClock } from "../domain/clock.ts";
import { Wakeup } from "../domain/wakeup.ts";
import { createEmbeddingProvider } from "../embedding/create-embedding-provider.ts";
import type { EmbeddingProvider } from "../embedding/embedding-provider.ts";
import { packagedModelDirectory } from "../embedding/model-files.ts";
import { observeProvider } from "../embedding/observed-provider.ts";
import { createLogger, type Logger } from "../observability/logger.ts";
import { createMetrics, type Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import { type EmbeddingTable, ensureActiveModel } from "../storage/embedding-models.ts";
import { migrate } from "../storage/migrate.ts";
import { openDatabase } from "../storage/open-database.ts";

/** Everything that a process of llmemory works with, in the order it is opened; `close` closes what was opened. */
export interface Resources {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly table: EmbeddingTable;
  /** Counts and times its calls. */
  readonly provider: EmbeddingProvider;
  /** The same without counting, for probes. */
  readonly bareProvider: EmbeddingProvider;
  readonly jobsEnqueued: Wakeup;
  readonly jobsSettled: Wakeup;
  close(): Promise<void>;
}

/**
 * Opens the database, migrates it, and loads the embedder.
 *
 * @throws StartupError; what was opened before is closed again.
 */
export async function openResources(settings: Settings): Promise<Resources> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const logger = createLogger(settings.logLevel);
    const metrics = createMetrics({ ownerLabels: settings.ownerLabels, version: packageVersion });
    // The database and the model load at the same time; both are closed again if either fails.
    const [opened, loaded] = await Promise.allSettled([
      openDatabase({ metrics, logger }, settings),
      loadProvider(settings, metrics),
    ]);
    if (opened.status === "fulfilled") closers.push(() => opened.value.close());
    if (loaded.status === "fulfilled") closers.push(() => loaded.value.close());
    if (opened.status === "rejected") throw opened.reason;
    if (loaded.status === "rejected") throw loaded.reason;
    const database = opened.value;
    const bareProvider = loaded.value;
    const applied = await migrate(database, settings.schema);
    if (applied.length > 0) logger.info({ applied }, "the schema was migrated");
    const table = await ensureActiveModel(database, bareProvider.model, systemClock.now());
    return {
      settings,
      clock: systemClock,
      logger,
      metrics,
      database,
      table,
      provider: observeProvider(bareProvider, metrics),
      bareProvider,
      jobsEnqueued: new Wakeup(),
      jobsSettled: new Wakeup(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The thread that cuts texts; it uses the shipped tokenizer whatever the provider, and the provider's limit. */
export async function openTextChunker(resources: Pick<Resources, "settings" | "bareProvider">): Promise<TextChunker> {
  return await startTextChunker({
    tokenizerPath: join(resources.settings.modelDirectory ?? packagedModelDirectory, "tokenizer.json"),
    leafTokensMax: resources.bareProvider.model.chunkTokensMax,
  });
}

async function loadProvider(settings: Settings, metrics: Metrics): Promise<EmbeddingProvider> {
  const provider: EmbeddingProvider = await createEmbeddingProvider({
    provider: settings.embeddingProvider,
    dimension: settings.embeddingDimension,
    workers: settings.embeddingWorkers,
    modelDirectory: settings.modelDirectory,
    onTruncated: (count) =>
      metrics.embeddingTextsCut.inc({ provider: provider.model.provider, model: provider.model.name }, count),
  });
  return provider;
}
