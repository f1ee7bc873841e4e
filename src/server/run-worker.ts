import { formatAddress, type ListenAddress } from "../config/listen-address.ts";
import type { Settings } from "../config/settings.ts";
import { StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { HealthMonitor } from "../health/health-monitor.ts";
import { GenerationKeeper } from "./generation-keeper.ts";
import { listenHttp1 } from "./listeners.ts";
import { openResources, type Resources } from "./open-resources.ts";
import { opsEndpoints } from "./ops-endpoints.ts";
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
    const ops = settings.workerHttpAddress && (await listenForOps(resources, settings.workerHttpAddress));
    const keeper = new GenerationKeeper(resources, { embeds: true });
    const facts = { database: resources.database.version, model: resources.table.modelId };
    resources.logger.info({ ...facts, http: ops && formatAddress(ops.address) }, "worker ready");
    const signal = await stopSignal;
    resources.logger.info({ signal }, "stopping");
    ops?.drain();
    await keeper.stop();
    await ops?.close();
  } finally {
    await resources.close();
  }
}

/** Metrics and health, as those of `serve`, but no RPCs. */
async function listenForOps(resources: Resources, address: ListenAddress) {
  const { database, metrics, models } = resources;
  const monitor = new HealthMonitor({ ...resources, provider: resources.models.activeProvider() });
  const handler = opsEndpoints({ monitor, metrics, database, models }, (_request, response) => {
    response.statusCode = 404;
    response.end();
  });
  const listener = await listenHttp1(address, handler);
  await monitor.start();
  const close = async () => {
    monitor.stop();
    await listener.close(limits.drainMs);
  };
  return { address: listener.address, drain: () => monitor.drain(), close };
}
