import type { Clock } from "../domain/clock.ts";
import { limits } from "../domain/limits.ts";
import { Wakeup } from "../domain/wakeup.ts";
import type { EmbeddingProvider } from "../embedding/embedding-provider.ts";
import type { Logger } from "../observability/logger.ts";
import type { Database } from "../storage/database.ts";
import { EmbeddingProbe } from "./embedding-probe.ts";
import { type HealthReport, probe } from "./probes.ts";

/** Names of services in grpc.health.v1. The empty one is the whole. */
export const healthServices = [
  "",
  "llmemory.v1.MemoryService",
  "llmemory.v1.SearchService",
  "llmemory.v1.AdminService",
  "database",
  "embeddings",
  "liveness",
] as const;
export type HealthService = (typeof healthServices)[number];

/**
 * Probes the dependencies at intervals and tells which services are up:
 *
 * | service | serves while |
 * |---|---|
 * | `liveness` | the process runs, draining included |
 * | `database`, `""`, MemoryService, AdminService | the database answers |
 * | SearchService | the database answers, since text search needs no embedder |
 * | `embeddings` | the embedder answers |
 *
 * While the service drains, all but `liveness` are down.
 */
export class HealthMonitor {
  readonly changed = new Wakeup();
  readonly #deps: { database: Database; embeddingProbe: EmbeddingProbe; clock: Clock; logger: Logger };
  #report: HealthReport | undefined;
  #probing: Promise<HealthReport> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor({ provider, ...deps }: { database: Database; provider: EmbeddingProvider; clock: Clock; logger: Logger }) {
    this.#deps = { ...deps, embeddingProbe: new EmbeddingProbe(provider) };
  }

  /** Probes once, then at intervals until `stop`. */
  async start(): Promise<void> {
    await this.refresh();
    this.#timer = setInterval(() => void this.refresh(), limits.probeIntervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes everything but `liveness` down, so that load balancers stop sending. */
  drain(): void {
    this.#isDraining = true;
    this.changed.notify();
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  isServing(service: HealthService): boolean {
    if (service === "liveness") return true;
    if (this.#isDraining || !this.#report) return false;
    return this.#report[service === "embeddings" ? "embeddings" : "database"].status === "healthy";
  }

  /** The report of the last probe if it is younger than `ageMaxMs`, else a new one. */
  async report(ageMaxMs: number): Promise<HealthReport> {
    const age = this.#report ? this.#deps.clock.now().getTime() - this.#report.timestamp.getTime() : Number.POSITIVE_INFINITY;
    return this.#report && age <= ageMaxMs ? this.#report : await this.refresh();
  }

  /** Probes now; probes that overlap are one. */
  refresh(): Promise<HealthReport> {
    this.#probing ??= probe(this.#deps).then((report) => {
      this.#probing = undefined;
      this.#take(report);
      return report;
    });
    return this.#probing;
  }

  #take(report: HealthReport): void {
    const before = this.#report;
    this.#report = report;
    for (const name of ["database", "embeddings"] as const) {
      const check = report[name];
      if (before && before[name].status === check.status) continue;
      const log = check.status === "healthy" ? "info" : "error";
      this.#deps.logger[log]({ check: name, status: check.status, error: check.error }, "health changed");
    }
    this.changed.notify();
  }
}
