import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { dashboards } from "../../scripts/dashboards.ts";
import { prometheusProgram, repositoryDirectory } from "../../scripts/toolchains.ts";
import { createTestDatabase } from "../support/databases.ts";
import { connectTo, type RpcClients } from "../support/rpc-clients.ts";
import { runToEnd } from "../support/run-to-end.ts";
import { startService } from "../support/service.ts";
import { type PrometheusServer, startPrometheus } from "./prometheus-server.ts";

describe("the alerting rules", () => {
  test.each([
    ["check", "rules", "llmemory.rules.yaml"],
    ["test", "rules", "llmemory.rules.test.yaml"],
    ["check", "config", "--syntax-only", "prometheus.yaml"],
  ])("pass promtool %s %s", async (...promtoolArguments) => {
    const { exitCode, stdout, stderr } = await runToEnd(prometheusProgram("promtool"), promtoolArguments, {
      cwd: `${repositoryDirectory}/deploy/prometheus`,
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

describe("a service under load, scraped by Prometheus", () => {
  test("has data for every panel of every dashboard, and an alert that fires and is resolved", async () => {
    const database = await createTestDatabase();
    {
      await using service = await startService({
        database: { databaseUrl: database.databaseUrl, dataDirectory: "" },
        environment: { LLMEMORY_SLOW_QUERY_MS: "1", LLMEMORY_LOG_LEVEL: "error" },
      });
      await using prometheus = await startPrometheus(service.httpAddress);
      const clients = connectTo(service);
      const stop = new AbortController();
      const working = work(clients, database.databaseUrl, stop.signal);
      expect(panels.length).toBeGreaterThan(30);
      const missing = await untilNone(async () => {
        const found = await Promise.all(panels.map(async (panel) => ({ ...panel, samples: await ask(prometheus, panel.query) })));
        return found
          .filter(({ title, samples }) => samples === 0 && !silentPanels.includes(title))
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

/** How many series a panel's query gives, with Grafana's variables as a user would leave them. */
async function ask(prometheus: PrometheusServer, query: string): Promise<number> {
  const expression = query.replaceAll("$job", ".+").replaceAll("$instance", ".+").replaceAll("$__rate_interval", "30s");
  const samples = await prometheus.query(expression);
  return samples.filter(({ value: [, value] }) => value !== "NaN").length;
}

/** Calls of every kind, some of which fail, until it is stopped. */
async function work({ memory, search }: RpcClients, databaseUrl: string, stop: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const types = [DocumentType.MARKDOWN, DocumentType.CHAT, DocumentType.TEXT];
  for (let round = 0; !stop.aborted; round++) {
    const ownerId = `owner-${round % 3}`;
    const documentType = types[round % 3] ?? DocumentType.TEXT;
    const content = `Note ${round} speaks of tea and of the sea.\n`.repeat(40);
    await memory.addDocument({ ownerId, idAtOrigin: `${round}`, documentType, content });
    for (const searchType of [SearchType.HYBRID, SearchType.TEXT, SearchType.VECTOR]) {
      await search.search({ ownerId, queryText: "tea by the sea", searchType });
      await search.search({ ownerId, queryText: "tea by the sea", searchType });
    }
    await expect(memory.getDocument({ ownerId, key: { case: "idAtOrigin", value: "none" } })).rejects.toThrow();
    // A connection that the database ends is an error of the database.
    if (round % 20 === 10) {
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'llmemory' and state = 'idle'",
      );
    }
    await sleep(20);
  }
  await client.end();
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
