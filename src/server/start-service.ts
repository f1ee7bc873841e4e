import type { ConnectRouter } from "@connectrpc/connect";
import type { ListenAddress } from "../config/listen-address.ts";
import type { Settings } from "../config/settings.ts";
import { Intake } from "../documents/intake.ts";
import { QueueFronts } from "../documents/queue-fronts.ts";
import { limits } from "../domain/limits.ts";
import { HealthMonitor } from "../health/health-monitor.ts";
import { createHealthRpcs } from "../health/health-rpcs.ts";
import { registerHealth } from "../health/health-service.ts";
import { localPrincipal } from "../interceptors/auth.ts";
import { interceptorChain } from "../interceptors/chain.ts";
import { registerServices } from "../services/register-services.ts";
import { releaseAbandonedJobs } from "../storage/embedding-jobs.ts";
import { startDeletingExpired } from "./delete-expired.ts";
import { GenerationKeeper } from "./generation-keeper.ts";
import { type Listener, listenHttp1, listenHttp2, rpcHandler } from "./listeners.ts";
import { openEnrichment } from "./open-enrichment.ts";
import { openResources, openTextChunker, type Resources } from "./open-resources.ts";
import { openSearchMemory } from "./open-search-memory.ts";
import { openSearchModels } from "./open-search-models.ts";
import { opsEndpoints } from "./ops-endpoints.ts";
import { tlsFilesOf } from "./tls-certificate.ts";

export interface RunningService {
  readonly resources: Resources;
  readonly grpcAddress: ListenAddress;
  readonly httpAddress: ListenAddress;
  /** Stops gracefully: health goes down, streams are drained, requests end, jobs are given back, files are closed. */
  stop(): Promise<void>;
}

/**
 * Starts the whole service in this process.
 *
 * @throws StartupError; nothing is left running then.
 */
export async function startService(settings: Settings): Promise<RunningService> {
  const resources = await openResources(settings);
  const stopping: (() => Promise<void> | void)[] = [() => resources.close()];
  const stop = async () => {
    for (const step of stopping.splice(0).reverse()) await step();
  };
  try {
    const { logger, metrics, database, models, clock } = resources;
    const chunker = await openTextChunker(resources);
    stopping.push(() => chunker.close());
    const searchMemory = openSearchMemory(resources);
    stopping.push(
      () => searchMemory.history.stop(),
      () => searchMemory.recallAudit?.stop(),
    );
    const { searchModels, close: closeSearchModels } = await openSearchModels(settings);
    stopping.push(closeSearchModels);
    const monitor = new HealthMonitor({ ...resources, provider: resources.models.activeProvider() });
    await monitor.start();
    stopping.push(() => monitor.stop());
    if (database.kind === "embedded") await releaseAbandonedJobs(database, clock.now());
    const keeper = new GenerationKeeper(resources, { embeds: settings.embedInServe });
    stopping.push(() => keeper.stop());
    stopping.push(await startDeletingExpired(resources, searchMemory.history));

    const intake = new Intake(resources, { queueMax: settings.embeddingQueueMax });
    await intake.count();
    const queueFronts = new QueueFronts(resources);

    const enrichment = openEnrichment(settings, { ...resources, chat: searchModels.chat });
    const drain = new AbortController();
    const interceptors = interceptorChain({ logger, metrics, principal: localPrincipal }).map(([, interceptor]) => interceptor);
    const routes = (router: ConnectRouter) => {
      const deps = {
        ...resources,
        ...searchMemory,
        ...enrichment,
        chunker,
        intake,
        queueFronts,
        searchModels,
        healthRpcs: createHealthRpcs({ monitor, models: resources.models }),
        // Copied, it would stay that of the model that is active now.
        get table() {
          return resources.table;
        },
      };
      registerServices(router, deps, drain.signal);
      registerHealth(router, monitor, drain.signal);
    };
    const handler = rpcHandler({ routes, interceptors, metrics });
    const listeners: Listener[] = [];
    stopping.push(async () => {
      monitor.drain();
      drain.abort();
      await Promise.all(listeners.map((listener) => listener.close(limits.drainMs)));
    });
    const files = tlsFilesOf(settings);
    listeners.push(await listenHttp2(settings.grpcAddress, handler, files && { files, logger }));
    const caches = { query: searchMemory.queryCache, result: searchMemory.resultCache };
    listeners.push(
      await listenHttp1(settings.httpAddress, opsEndpoints({ monitor, metrics, database, models, caches }, handler)),
    );
    const [grpc, http] = listeners;
    if (!grpc || !http) throw new Error("a listener is missing");
    return { resources, grpcAddress: grpc.address, httpAddress: http.address, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
