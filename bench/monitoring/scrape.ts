import { createMetrics, type Metrics } from "../../src/observability/metrics.ts";
import { renderMetrics } from "../../src/observability/render-metrics.ts";
import { quantile } from "../machine.ts";
import type { Report } from "../search/report.ts";

const owners = 100;
const documentTypes = ["markdown", "pdf", "text"];
const searchTypes = ["vector", "text", "hybrid"];
const statements = 80;
const methods = 40;
const scrapes = 50;
const boundStallMs = 20;

/**
 * How long writing `/metrics` holds the thread that answers requests: the longest turn of the event loop in each scrape. As time of
 * the processor, since on a machine that others use a turn on the clock tells of them.
 */
export async function measureScrape(report: Report): Promise<void> {
  report.text(
    `${owners} owners × ${documentTypes.length} document types × ${searchTypes.length} search types, ${statements} statements, ${methods} RPCs; ${scrapes} scrapes. Turns of the event loop in milliseconds of the thread's processor time.`,
  );
  for (const histogramOwners of [20, owners]) {
    const metrics = filled(histogramOwners);
    for (const [format, accept] of [
      ["text", "text/plain"],
      ["OpenMetrics", "application/openmetrics-text"],
    ] as const) {
      // The first ones are not compiled yet.
      for (let scrape = 0; scrape < 3; scrape++) await renderMetrics(metrics.registry, accept);
      const measured = [];
      for (let scrape = 0; scrape < scrapes; scrape++)
        measured.push(await longestTurn(() => renderMetrics(metrics.registry, accept)));
      const what = `${format}, ${histogramOwners} owners in histograms`;
      const worst = Math.max(...measured.map(({ cpuMs }) => cpuMs));
      const median = quantile(
        measured.map(({ cpuMs }) => cpuMs),
        0.5,
      );
      report.bound(
        `longest turn: ${what}`,
        `${worst.toFixed(1)} ms (median ${median.toFixed(1)})`,
        `≤ ${boundStallMs} ms`,
        worst <= boundStallMs,
      );
      const clock = quantile(
        measured.map(({ clockMs }) => clockMs),
        0.5,
      );
      report.figure(`the same on the clock, median: ${what}`, `${clock.toFixed(1)} ms`);
      const { body } = await renderMetrics(metrics.registry, accept);
      report.figure(`size: ${what}`, `${body.split("\n").length} lines, ${(body.length / 1e6).toFixed(2)} MB`);
    }
  }
}

function filled(ownerHistogramLabelsMax: number): Metrics {
  const metrics = createMetrics({ ownerLabels: true, ownerHistogramLabelsMax, version: "bench" });
  for (let owner = 0; owner < owners; owner++) {
    const ownerId = `owner-${owner}`;
    const owner_id = metrics.histogramOwners.label(ownerId);
    for (const document_type of documentTypes) {
      metrics.documents.inc({ owner_id: metrics.owners.label(ownerId), document_type });
      metrics.documentProcessingSeconds.observe({ owner_id, document_type }, 0.02);
      metrics.documentSizeBytes.observe({ owner_id, document_type }, 10_000);
      metrics.chunksPerDocument.observe({ owner_id, document_type }, 12);
    }
    for (const search_type of searchTypes) {
      metrics.searchRequests.inc({ owner_id: metrics.owners.label(ownerId), search_type });
      metrics.searchDurationSeconds.observe({ owner_id, search_type }, 0.01);
      metrics.searchResultsCount.observe({ owner_id, search_type }, 10);
    }
  }
  for (let statement = 0; statement < statements; statement++)
    metrics.dbQueryDurationSeconds.observe({ query_type: `statement_${statement}` }, 0.002);
  for (let method = 0; method < methods; method++) {
    const labels = { grpc_service: "llmemory.v1.SearchService", grpc_method: `Method${method}`, grpc_type: "unary" };
    metrics.grpcHandlingSeconds.observe(labels, 0.01);
    metrics.grpcHandled.inc({ ...labels, grpc_code: "OK" });
  }
  return metrics;
}

/** The longest time between two turns of the event loop while something runs. */
async function longestTurn(run: () => Promise<{ body: string }>): Promise<{ cpuMs: number; clockMs: number }> {
  let isRunning = true;
  const longest = { cpuMs: 0, clockMs: 0 };
  const turning = (async () => {
    while (isRunning) {
      const clock = performance.now();
      const cpu = process.threadCpuUsage();
      await new Promise((resolve) => setImmediate(resolve));
      const { user, system } = process.threadCpuUsage(cpu);
      longest.cpuMs = Math.max(longest.cpuMs, (user + system) / 1_000);
      longest.clockMs = Math.max(longest.clockMs, performance.now() - clock);
    }
  })();
  const { body } = await run();
  // As the response does.
  Buffer.from(body);
  isRunning = false;
  await turning;
  return longest;
}
