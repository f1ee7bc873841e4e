import { ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import type { ServiceProbes } from "../../alerting/check-service.ts";
import { settingWarnings } from "../../config/load-settings.ts";
import { systemClock } from "../../domain/clock.ts";
import { createLogger } from "../../observability/logger.ts";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import { describeServiceError } from "../client/service-error.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { addConnectionOptions, type ClientOptions } from "../options/client-options.ts";
import { addSettingOptions, alertSettings, settingsOf } from "../options/setting-options.ts";

/** Here LLMEMORY_GRPC_ADDRESS is where to connect, which may be anywhere; the rules for listeners do not apply. */
const listeners = ["grpcAddress", "httpAddress", "workerHttpAddress"] as const;

/** `llmemory alert-manager`: watches a service from a process of its own, since one that is down can page nobody. */
export function registerAlertManager(program: Command, context: CommandContext): void {
  const command = addConnectionOptions(
    program.command("alert-manager").description("check a running service again and again, and page when something is wrong"),
  );
  addSettingOptions(command, alertSettings).action(async (options: ClientOptions) => {
    await runWithService(context, options, async ({ service }) => {
      const settings = await settingsOf(command, context.environment, listeners);
      const { openChannels } = await import("../../alerting/open-channels.ts");
      const { runAlertManager } = await import("../../alerting/alert-manager.ts");
      const channels = await openChannels(settings);
      const logger = createLogger(settings);
      for (const warning of settingWarnings(settings)) logger.warn(warning);
      const facts = { service: service.address, channels: channels.map(({ name }) => name) };
      logger.info({ ...facts, interval_ms: settings.alertIntervalMs }, "watching");
      const probes = serviceProbes(service, settings.alertOwner);
      await runAlertManager({ probes, channels, clock: systemClock, logger }, settings, service.address, context.signal);
      logger.info(facts, "stopped");
      return exitCodes.ok;
    });
  });
}

/** No two queries are the same, since the service answers the same query from its caches. */
function serviceProbes({ search, admin }: ServiceSession["service"], ownerId: string): ServiceProbes {
  return {
    search: (signal) =>
      asked(async () => {
        await search.search({ ownerId, queryText: `test ${new Date().toISOString()}` }, { signal });
      }),
    embeddingQueueSize: (signal) => asked(async () => Number((await admin.getEmbeddingQueue({}, { signal })).totalSize)),
  };
}

/** Says of an error what an operator needs: its code and the service's words, which hold no content. */
async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const { code, message } = describeServiceError(error);
    throw new Error(`${code}: ${message}`, { cause: error });
  }
}
