import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "#gen/grpc/health/v1/health_pb.js";
import { abortError, DependencyUnavailableError, NotFoundError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { requestContextOf } from "../interceptors/request-context.ts";
import { type HealthMonitor, type HealthService, healthServices } from "./health-monitor.ts";

/**
 * The standard health service: Check and List answer from the last probe, Watch sends each change, the last one
 * at the drain, and then ends, so that a watcher does not hold up the stop.
 */
export function createHealthService(monitor: HealthMonitor, drain: AbortSignal): ServiceImpl<typeof Health> {
  const statusOf = (service: HealthService) => (monitor.isServing(service) ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  return {
    check({ service }) {
      const known = knownService(service);
      if (known === undefined) throw new NotFoundError("health service", service);
      return { status: statusOf(known) };
    },

    async *watch({ service }, context) {
      const { signal } = requestContextOf(context.values);
      const known = knownService(service);
      let sent: ServingStatus | undefined;
      for (;;) {
        const status = known === undefined ? ServingStatus.SERVICE_UNKNOWN : statusOf(known);
        if (status !== sent) yield { status };
        sent = status;
        if (drain.aborted) throw new DependencyUnavailableError("service", "the service is stopping");
        await monitor.changed.wait(limits.streamIdleMs, signal);
        if (signal.aborted) throw abortError(signal);
      }
    },

    list() {
      return { statuses: Object.fromEntries(healthServices.map((service) => [service, { status: statusOf(service) }])) };
    },
  };
}

export function registerHealth(router: ConnectRouter, monitor: HealthMonitor, drain: AbortSignal): void {
  router.service(Health, createHealthService(monitor, drain));
}

function knownService(name: string): HealthService | undefined {
  return healthServices.find((service) => service === name);
}
