import { type Client, type ConnectRouter, createClient, createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import { pino } from "pino";
import { MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { localPrincipal, type Principal } from "../../src/interceptors/auth.ts";
import { interceptorChain } from "../../src/interceptors/chain.ts";
import type { Logger } from "../../src/observability/logger.ts";
import { createMetrics, type Metrics } from "../../src/observability/metrics.ts";

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The real framework and the real chain around handlers of a test, without sockets and without a database. */
export interface InMemoryService {
  readonly memory: Client<typeof MemoryService>;
  readonly metrics: Metrics;
  readonly logs: readonly LogLine[];
}

/** @param options.routes adds services beyond MemoryService. */
export function createInMemoryService(
  handlers: Partial<ServiceImpl<typeof MemoryService>>,
  options: { readonly principal?: Principal; readonly routes?: (router: ConnectRouter) => void } = {},
): InMemoryService & { readonly transport: ReturnType<typeof createRouterTransport> } {
  const metrics = createMetrics({ ownerLabels: true, version: "test" });
  const { logger, logs } = recordingLogger();
  const chain = interceptorChain({ logger, metrics, principal: options.principal ?? localPrincipal });
  const transport = createRouterTransport(
    (router) => {
      router.service(MemoryService, handlers);
      options.routes?.(router);
    },
    { router: { interceptors: chain.map(([, interceptor]) => interceptor) } },
  );
  return { memory: createClient(MemoryService, transport), metrics, logs, transport };
}

/** A logger that keeps its lines. */
export function recordingLogger(): { readonly logger: Logger; readonly logs: LogLine[] } {
  const logs: LogLine[] = [];
  const logger = pino({ level: "debug", base: null }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  return { logger, logs };
}

/** The value of a counter or histogram (`_count`) for labels that include these; 0 if there is none. */
export async function metricValue(metrics: Metrics, name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const text = await metrics.registry.metrics();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
