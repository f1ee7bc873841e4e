/**
 * Draws the Grafana dashboards for the documentation, without Grafana: a service under a small load, a Prometheus that scrapes it each
 * second, and what each panel's queries give. Takes two minutes; `npm run setup:toolchains` installs what it needs.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddingProvider } from "#gen/llmemory/v1/embedding_model_pb.js";
import { startPostgres } from "../test/support/postgres/postgres-server.ts";
import { connectTo } from "../test/support/rpc-clients.ts";
import { runMixedLoad } from "../test/support/run-mixed-load.ts";
import { startService } from "../test/support/service.ts";
import { type PrometheusServer, startPrometheus } from "../test/toolchains/prometheus-server.ts";
import { type DashboardPanel, drawDashboard } from "./dashboard-picture.ts";
import { chooseEverything, dashboards } from "./dashboards.ts";
import type { Series } from "./panel-picture.ts";
import { repositoryDirectory } from "./toolchains.ts";

const lengthSeconds = 90;
const stepSeconds = 2;
/** A rate at the picture's beginning looks so far back. */
const rateSeconds = 15;
const note = `${lengthSeconds} s of a small load, one service on PostgreSQL; rates over ${rateSeconds} s`;

const postgres = await startPostgres();
try {
  await using service = await startService({
    database: { databaseUrl: postgres.url, dataDirectory: "" },
    environment: { LLMEMORY_SLOW_QUERY_MS: "5", LLMEMORY_LOG_LEVEL: "error" },
  });
  await using prometheus = await startPrometheus(service.httpAddress);
  const startSeconds = await workFor(service, postgres.url);
  await writePictures(prometheus, startSeconds);
} finally {
  await postgres.stop();
}

/** Loads the service in waves, and changes its model halfway, which fills the queue. Gives when the picture begins. */
async function workFor(service: Parameters<typeof connectTo>[0], databaseUrl: string): Promise<number> {
  const clients = connectTo(service);
  const stop = new AbortController();
  const working = runMixedLoad(clients, databaseUrl, {
    stop: stop.signal,
    pauseMs: (round) => 150 + 130 * Math.sin(round / 15),
  });
  await sleep(rateSeconds * 1_000);
  const startSeconds = Date.now() / 1_000;
  await sleep((lengthSeconds / 2) * 1_000);
  await clients.admin.startModelMigration({ provider: EmbeddingProvider.HASHING, dimension: 128 });
  await sleep((lengthSeconds / 2) * 1_000);
  stop.abort();
  await working;
  clients.close();
  return startSeconds;
}

async function writePictures(prometheus: PrometheusServer, startSeconds: number): Promise<void> {
  const directory = join(repositoryDirectory, "docs/pictures");
  await mkdir(directory, { recursive: true });
  for (const [name, { title = "", panels = [] }] of Object.entries(dashboards)) {
    const shown = (panels as unknown as readonly DashboardPanel[]).map(async (panel) => ({
      panel,
      series: await seriesOf(prometheus, panel, startSeconds),
    }));
    const picture = drawDashboard({ title, note, panels: await Promise.all(shown), lengthSeconds, stepSeconds });
    await writeFile(join(directory, `dashboard-${name.replace(".json", ".svg")}`), picture);
  }
}

async function seriesOf(prometheus: PrometheusServer, panel: DashboardPanel, startSeconds: number): Promise<readonly Series[]> {
  const answers = (panel.targets ?? []).map(async ({ expr, legendFormat }) => {
    const query = chooseEverything(expr, `${rateSeconds}s`);
    const endSeconds = startSeconds + lengthSeconds;
    const answer = await prometheus.queryRange(query, { startSeconds, endSeconds, stepSeconds });
    return answer.map(({ metric, values }) => ({
      legend: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ""),
      points: values
        .map(([seconds, value]) => [seconds - startSeconds, Number(value)] as const)
        .filter(([, value]) => Number.isFinite(value)),
    }));
  });
  return (await Promise.all(answers)).flat().filter(({ points }) => points.length > 0);
}
