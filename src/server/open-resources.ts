import { join } from "node:path";
import { startTextChunker, type TextChunker } from "../chunking/text-chunker.ts";
import { settingWarnings } from "../config/load-settings.ts";
import { packageVersion } from "../config/package-info.ts";
import type { Settings } from "../config/settings.ts";
import { type Clock, systemClock } from "../domain/clock.ts";
import { OwnerNotices } from "../domain/owner-notices.ts";
import { Wakeup } from "../domain/wakeup.ts";
import { packagedModelDirectory } from "../embedding/model-files.ts";
import type { ModelGenerations } from "../embedding/model-generations.ts";
import { createLogger, type Logger } from "../observability/logger.ts";
import { createMetrics, type Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { migrate } from "../storage/migrate.ts";
import { openDatabase } from "../storage/open-database.ts";
import { WakeupChannel } from "../storage/wakeup-channel.ts";
import { openModels, openProvider } from "./open-models.ts";

/** Everything that a process of llmemory works with, in the order it is opened; `close` closes what was opened. */
export interface Resources {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly models: ModelGenerations;
  /** Of the model that is active when this is read; what compares vectors takes it from one generation, together with the provider. */
  readonly table: EmbeddingTable;
  /** Both are heard by all processes that share a PostgreSQL. */
  readonly jobsEnqueued: Wakeup;
  readonly jobsSettled: Wakeup;
  readonly vectorsGiven: OwnerNotices;
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
    const logger = createLogger(settings);
    for (const warning of settingWarnings(settings)) logger.warn(warning);
    const metrics = createMetrics({ ...settings, version: packageVersion });
    const closeTracing = await openTracing(settings, { logger, metrics });
    if (closeTracing) closers.push(closeTracing);
    // The database and the model load at the same time; both are closed again if either fails.
    const [opened, loaded] = await Promise.allSettled([
      openDatabase({ metrics, logger }, settings),
      openProvider({ settings, metrics, logger }),
    ]);
    if (opened.status === "fulfilled") closers.push(() => opened.value.close());
    if (loaded.status === "fulfilled") closers.push(() => loaded.value.close());
    if (opened.status === "rejected") throw opened.reason;
    const database = opened.value;
    const applied = await migrate(database, settings.schema);
    if (applied.length > 0) logger.info({ applied }, "the schema was migrated");
    const models = await openModels({ settings, metrics, logger, database, clock: systemClock }, loaded);
    closers.push(() => models.close());
    const [jobsEnqueued, jobsSettled] = [new Wakeup(), new Wakeup()];
    const channel = new WakeupChannel(
      { database, logger },
      { schema: settings.schema, wakeups: { enqueued: jobsEnqueued, settled: jobsSettled } },
    );
    closers.push(() => channel.stop());
    return {
      settings,
      clock: systemClock,
      logger,
      metrics,
      database,
      models,
      get table() {
        return models.active.table;
      },
      jobsEnqueued,
      jobsSettled,
      vectorsGiven: new OwnerNotices(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Before anything that it should see; what it takes is loaded only if it is asked for. */
async function openTracing(
  settings: Settings,
  deps: { readonly logger: Logger; readonly metrics: Metrics },
): Promise<(() => Promise<void>) | undefined> {
  const { otlpEndpoint } = settings;
  if (otlpEndpoint === undefined) return undefined;
  const tracing = await import("../observability/open-tracing.ts");
  return tracing.openTracing({ ...settings, otlpEndpoint }, { ...deps, version: packageVersion });
}

/** The thread that cuts texts; it uses the shipped tokenizer whatever the provider, and the provider's limit. */
export async function openTextChunker(resources: Pick<Resources, "settings" | "models">): Promise<TextChunker> {
  return await startTextChunker({
    tokenizerPath: join(resources.settings.modelDirectory ?? packagedModelDirectory, "tokenizer.json"),
    leafTokensMax: resources.models.active.provider.model.chunkTokensMax,
  });
}
