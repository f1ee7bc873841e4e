import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { EmbeddingProvider } from "#gen/llmemory/v1/embedding_model_pb.js";
import { chooseEverything, dashboards } from "../../scripts/dashboards.ts";
import { prometheusProgram, repositoryDirectory } from "../../scripts/toolchains.ts";
import { createTestDatabase } from "../support/databases.ts";
import { readGuide } from "../support/guide.ts";
import { connectTo } from "../support/rpc-clients.ts";
import { runMixedLoad } from "../support/run-mixed-load.ts";
import { runToEnd } from "../support/run-to-end.ts";
import { startService } from "../support/service.ts";
import { type PrometheusServer, startPrometheus } from "./prometheus-server.ts";

const guide = await readGuide("monitoring.md");

describe("the alerting rules", () => {
  test.each(guide.commands.filter((command) => command.startsWith("promtool ")))("pass %s", async (command) => {
    const [, ...promtoolArguments] = command.split(" ");
    const { exitCode, stdout, stderr } = await runToEnd(prometheusProgram("promtool"), promtoolArguments, {
      cwd: repositoryDirectory,
    });
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toContain("SUCCESS");
  });
});

/** Panels without data as long as all is well with an owner that is searched exactly. */
const silentPanels = ["Recall of the Approximate Index"];

const panels = Object.entries(dashboards).flatMap(([file, { panels = [] }]) =>
  panels.flatMap((panel) =>
    "targets" in panel
      ? (panel.targets ?? []).map((target) => ({
          file,
          title: panel.title ?? "",
          query: (target as { expr?: string }).expr ?? "",
        }))
      : [],
  ),
);

/** Those of the guide that say so of themselves; the load includes a change of model. */
const isSilent = (query: string) => query.includes("empty as long as") && !query.includes("migration");

const guideQueries = guide.queries.map((query) => ({ file: "monitoring.md", title: "", query }));

describe("a service under load, scraped by Prometheus", () => {
  test("has data for every panel of every dashboard and every query of the guide, and an alert that fires and is resolved", async () => {
    const database = await createTestDatabase();
    {
      await using service = await startService({
        database: { databaseUrl: database.databaseUrl, dataDirectory: "" },
        // No collector is there, so spans are lost.
        environment: { LLMEMORY_SLOW_QUERY_MS: "1", LLMEMORY_LOG_LEVEL: "error", LLMEMORY_OTLP_ENDPOINT: "http://127.0.0.1:1" },
      });
      await using prometheus = await startPrometheus(service.httpAddress);
      const clients = connectTo(service);
      const stop = new AbortController();
      const working = runMixedLoad(clients, database.databaseUrl, { stop: stop.signal });
      expect(panels.length).toBeGreaterThan(30);
      expect(guideQueries.length).toBeGreaterThan(30);
      await clients.admin.startModelMigration({ provider: EmbeddingProvider.HASHING, dimension: 128 });
      const missing = await untilNone(async () => {
        const queries = [...panels, ...guideQueries];
        const found = await Promise.all(
          queries.map(async (asked) => ({ ...asked, samples: await ask(prometheus, asked.query) })),
        );
        return found
          .filter(({ title, query, samples }) => samples === 0 && !silentPanels.includes(title) && !isSilent(query))
          .map(({ file, title, query }) => `${file}: ${title}: ${query}`);
      });
      expect(missing).toEqual([]);
      stop.abort();
      await working;

      const isFiring = async () =>
        (await prometheus.alerts()).some(({ labels, state }) => labels.alertname === "DeadEmbeddingJobs" && state === "firing");
      expect(await isFiring()).toBe(false);
      await changeJobs(database.databaseUrl, "dead");
      expect(await untilNone(async () => ((await isFiring()) ? [] : ["silent"]))).toEqual([]);
      await changeJobs(database.databaseUrl, "none");
      expect(await untilNone(async () => ((await isFiring()) ? ["firing"] : []))).toEqual([]);
      clients.close();
    }
    await database.drop();
  });
});

/** Waits up to a minute until a list is empty; gives what is left. */
async function untilNone(list: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const left = await list();
    if (left.length === 0 || performance.now() > deadline) return left;
    await sleep(1_000);
  }
}

/** How many series a query gives, with Grafana's variables as a user would leave them. */
async function ask(prometheus: PrometheusServer, query: string): Promise<number> {
  const samples = await prometheus.query(chooseEverything(query, "30s"));
  return samples.filter(({ value: [, value] }) => value !== "NaN").length;
}

/** Adds jobs that have failed for good, as hours of failures would, or takes them away. */
async function changeJobs(databaseUrl: string, jobs: "dead" | "none"): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    jobs === "none"
      ? "delete from llmemory.embedding_jobs where state = 'dead'"
      : `insert into llmemory.embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, last_error, created_at)
         select c.owner_id, c.chunk_id, m.model_id, 'dead', 8, now(), 'INTERNAL', now()
         from llmemory.document_chunks c, llmemory.embedding_models m
         where c.chunk_level = 0
         limit 3`,
  );
  await client.end();
}
