import type { Settings } from "../config/settings.ts";
import { StartupError } from "../domain/errors.ts";
import { EmbeddingWorker } from "../embedding/embedding-worker.ts";
import { openResources } from "./open-resources.ts";
import { untilStopSignal } from "./stop-signal.ts";

/**
 * Works off embedding jobs, and nothing else, until SIGINT or SIGTERM.
 *
 * @throws StartupError on the embedded database, which only one process can use.
 */
export async function runWorker(settings: Settings): Promise<void> {
  if (settings.databaseUrl === undefined) {
    throw new StartupError(
      "a worker needs a PostgreSQL server that it shares with serve; set DATABASE_URL (serve embeds by itself)",
    );
  }
  const stopSignal = untilStopSignal();
  const resources = await openResources(settings);
  try {
    const worker = new EmbeddingWorker(resources);
    resources.logger.info({ database: resources.database.version, model: resources.table.modelId }, "worker ready");
    const signal = await stopSignal;
    resources.logger.info({ signal }, "stopping");
    await worker.stop();
  } finally {
    await resources.close();
  }
}
