import { setTimeout as sleep } from "node:timers/promises";
import type { AlertSettings } from "../config/alert-settings.ts";
import type { Clock } from "../domain/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { AlertChannel, AlertCheck } from "./alert-channel.ts";
import { checkService, type Finding, type ServiceProbes } from "./check-service.ts";
import { IncidentReporter } from "./incident-reporter.ts";

export interface AlertManagerDeps {
  readonly probes: ServiceProbes;
  readonly channels: readonly AlertChannel[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Watches a service from outside and opens and resolves incidents, until the signal aborts: the loop of llmemory's monitoring guide.
 * Incidents that are open then stay open, since nobody knows how the service is from then on.
 *
 * @param address of the service, as `host:port`.
 */
export async function runAlertManager(
  deps: AlertManagerDeps,
  settings: AlertSettings,
  address: string,
  signal: AbortSignal,
): Promise<void> {
  const { probes, channels, logger } = deps;
  const source = { serviceName: settings.alertServiceName, address, severity: settings.alertSeverity };
  const reporters = channels.map((channel) => new IncidentReporter({ ...deps, channel }, source));
  const thresholds = { searchMs: settings.alertSearchMs, queueSize: settings.alertQueueSize };
  const isSettled = settledAfter(settings.alertChecks);
  while (!signal.aborted) {
    try {
      const findings = await checkService(probes, thresholds, signal);
      for (const { check, isWrong, details } of findings) logger[isWrong ? "warn" : "debug"]({ check, details }, "checked");
      const settled = findings.filter(isSettled);
      await Promise.all(reporters.map((reporter) => reporter.report(settled, signal)));
      await sleep(settings.alertIntervalMs, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** Tells of each finding whether so many in a row of its check have said the same. */
function settledAfter(count: number): (finding: Finding) => boolean {
  const rows = new Map<AlertCheck, { readonly isWrong: boolean; readonly length: number }>();
  return ({ check, isWrong }) => {
    const row = rows.get(check);
    const length = row?.isWrong === isWrong ? row.length + 1 : 1;
    rows.set(check, { isWrong, length });
    return length >= count;
  };
}
