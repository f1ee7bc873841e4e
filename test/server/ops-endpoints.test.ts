import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/domain/clock.ts";
import { HealthMonitor } from "../../src/health/health-monitor.ts";
import { createMetrics, type Metrics } from "../../src/observability/metrics.ts";
import { type Listener, listenHttp1 } from "../../src/server/listeners.ts";
import { opsEndpoints } from "../../src/server/ops-endpoints.ts";
import type { Database } from "../../src/storage/database.ts";
import { deleteDocuments } from "../../src/storage/delete-documents.ts";
import { claimJobs, failJobs } from "../../src/storage/embedding-jobs.ts";
import { readModelProgress } from "../../src/storage/model-progress.ts";
import { type RegisteredModel, readModels } from "../../src/storage/model-registry.ts";
import { createBreakableProvider, openPoolAt, startSilentServer } from "../health/dependencies.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, silentLogger, type TestStorage, useStorage } from "../support/test-storage.ts";

const provider = createBreakableProvider();

/** The endpoints on a port of their own, over a database that is there or not. */
async function listenOver(database: Database, metrics = createMetrics({ ownerLabels: true, version: "test" })) {
  const monitor = new HealthMonitor({ database, provider, clock: systemClock, logger: silentLogger });
  await monitor.refresh();
  const caches = { query: { size: { bytes: 300, entries: 2 } } };
  const models: { models: readonly RegisteredModel[] } = { models: [] };
  const handler = opsEndpoints({ monitor, metrics, database, models, caches }, (_request, response) => {
    response.statusCode = 404;
    response.end("not an endpoint");
  });
  const listener: Listener = await listenHttp1({ host: "127.0.0.1", port: 0 }, handler);
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${listener.address.port}${path}`, init);
  return { get, monitor, metrics, models, port: listener.address.port, close: () => listener.close(100) };
}

type Endpoints = Awaited<ReturnType<typeof listenOver>>;

describe.each(testDatabases())("on $name", (kind) => {
  const storage = useStorage(kind);
  let endpoints: Endpoints;

  beforeAll(async () => {
    endpoints = await listenOver(storage().database);
  });

  afterAll(() => endpoints.close());

  test("/livez and /readyz say that all is well", async () => {
    for (const path of ["/livez", "/readyz"]) {
      const response = await endpoints.get(path);
      expect([path, response.status]).toEqual([path, 200]);
    }
  });

  test("/health has the guide's form, is cached, and probes anew when it is forced to", async () => {
    const response = await endpoints.get("/health");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const json = (await response.json()) as HealthJson;
    expect(json).toMatchObject({
      status: "healthy",
      checks: { database: { response_time_ms: expect.any(Number) }, connection_pool: { active: 0, total: expect.any(Number) } },
    });
    expect(((await (await endpoints.get("/health")).json()) as HealthJson).timestamp).toBe(json.timestamp);
    const forced = (await (await endpoints.get("/health?force=1")).json()) as HealthJson;
    expect(Date.parse(forced.timestamp)).toBeGreaterThan(Date.parse(json.timestamp));
  });

  test("/health is 503 while the embedder fails, though the service is ready", async () => {
    provider.state = "fails";
    const response = await endpoints.get("/health?force=1");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: "unhealthy", database: "connected", embeddings: "unhealthy" });
    expect((await endpoints.get("/readyz")).status).toBe(200);
    provider.state = "answers";
    expect((await endpoints.get("/health?force=1")).status).toBe(200);
  });

  test("/metrics moves with the pool and with the queue, and a queue that has emptied is gone", async () => {
    const ownerId = newOwner();
    const { database, table } = storage();
    await store(database, [{ ownerId, leaves: ["green tea", "black tea"] }]);
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    const before = await metricsOf(endpoints);
    expect(before).toContain(`memory_embedding_queue_size{owner_id="${ownerId}"} 2`);
    expect(before).toMatch(/memory_embedding_queue_oldest_age_seconds 0\.\d+/);
    expect(before).toContain('memory_embedding_jobs{state="pending"} 2');
    const { total } = database.poolStatistics();
    expect(before).toContain('memory_db_pool_size{status="active"} 0');
    expect(before).toContain(`memory_db_pool_size{status="idle"} ${total}`);
    expect(before).toContain(`memory_db_pool_size{status="total"} ${total}`);

    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const busy = database.transaction(async (transaction) => {
      await transaction.query("test", "select 1");
      begin();
      await mayEnd;
    });
    await begun;
    const during = await metricsOf(endpoints);
    expect(during).toContain('memory_db_pool_size{status="active"} 1');
    expect(during).toContain(`memory_db_pool_size{status="idle"} ${total - 1}`);
    end();
    await busy;

    await embedWaiting({ database, table });
    expect(await metricsOf(endpoints)).not.toContain(ownerId);
  });

  test("/metrics tells of leases, dead jobs and caches", async () => {
    const removeJobs = await storeJobs(storage(), 2);
    const text = await metricsOf(endpoints);
    for (const [state, count] of Object.entries({ pending: 1, leased: 1, dead: 1 }))
      expect(text).toContain(`memory_embedding_jobs{state="${state}"} ${count}`);
    expect(text).toContain('memory_cache_bytes{cache="query"} 300');
    expect(text).toContain('memory_cache_entries{cache="query"} 2');
    await removeJobs();
  });

  test("/metrics tells how far a model is that is being built, and nothing of it any more once it is not", async () => {
    const { database, table } = storage();
    const removeJobs = await storeJobs(storage(), 3);
    const registered = await readModels(database);
    // As it would be told of a model whose jobs are those of the active one.
    endpoints.models.models = registered.map((model) => ({ ...model, state: "building" }));
    const counts = Object.entries(await readModelProgress(database, registered[0] as RegisteredModel));
    const text = await metricsOf(endpoints);
    expect(counts).toContainEqual(["dead", 1]);
    for (const [state, count] of counts.filter(([name]) => name !== "waiting"))
      expect(text).toContain(`memory_embedding_migration_chunks{model="${table.modelId}",state="${state}"} ${count}`);
    endpoints.models.models = registered;
    expect(await metricsOf(endpoints)).not.toContain("memory_embedding_migration_chunks{");
    await removeJobs();
  });

  test("/metrics is OpenMetrics for a scraper that asks for it", async () => {
    const response = await endpoints.get("/metrics", { headers: { accept: "application/openmetrics-text;version=1.0.0" } });
    expect(response.headers.get("content-type")).toContain("application/openmetrics-text");
    expect(await response.text()).toMatch(/# EOF\n$/);
  });

  test("/metrics is not there where monitoring is off, and nothing is observed", async () => {
    const metrics = createMetrics({ enableMonitoring: false, ownerLabels: true, version: "test" });
    const unobserved = await listenOver(storage().database, metrics);
    const response = await unobserved.get("/metrics");
    expect([response.status, await response.text()]).toEqual([404, "monitoring is off: LLMEMORY_ENABLE_MONITORING\n"]);
    expect((await unobserved.get("/health")).status).toBe(200);
    await unobserved.close();
  });

  test("another path is not an endpoint's, and one that is no URL does no harm", async () => {
    expect(await (await endpoints.get("/llmemory.v1.SearchService/Search")).text()).toBe("not an endpoint");
    for (const target of ["//", "/%%%", "/constructor", "http://["])
      expect(await statusLine(endpoints.port, `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)).toContain("404");
    expect((await endpoints.get("/livez")).status).toBe(200);
  });

  test("only reading is allowed", async () => {
    const response = await endpoints.get("/metrics", { method: "POST", body: "x" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
    const head = await endpoints.get("/health", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });
});

describe("without a database", () => {
  let endpoints: Endpoints;
  let database: Database;

  beforeAll(async () => {
    const { port, close } = await startSilentServer();
    await close();
    database = openPoolAt(port);
    endpoints = await listenOver(database);
  });

  afterAll(async () => {
    await endpoints.close();
    await database.close();
  });

  test.each([
    ["/livez", 200],
    ["/readyz", 503],
    ["/health", 503],
    ["/metrics", 200],
  ])("%s answers %i, without the password", async (path, status) => {
    const response = await endpoints.get(path);
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain("hunter2");
  });

  test("a service that drains is alive and not ready", async () => {
    endpoints.monitor.drain();
    expect((await endpoints.get("/livez")).status).toBe(200);
    const response = await endpoints.get("/readyz");
    expect([response.status, await response.text()]).toEqual([503, "draining\n"]);
  });
});

describe("with a database that takes connections and says nothing", () => {
  let silent: Awaited<ReturnType<typeof startSilentServer>>;
  let endpoints: Endpoints;
  let database: Database;

  beforeAll(async () => {
    silent = await startSilentServer();
    database = openPoolAt(silent.port);
    endpoints = await listenOver(database);
  });

  afterAll(async () => {
    await endpoints.close();
    await database.close();
    await silent.close();
  });

  test.each([
    ["/livez", 200],
    ["/readyz", 503],
    ["/health?force=1", 503],
    ["/metrics", 200],
  ])("%s answers %i within two seconds", async (path, status) => {
    const response = await endpoints.get(path, { signal: AbortSignal.timeout(2_000) });
    expect(response.status).toBe(status);
    const text = await response.text();
    if (path.startsWith("/health")) expect(JSON.parse(text)).toMatchObject({ status: "unhealthy", database: "disconnected" });
  });
});

/** Three jobs of an owner: so many are taken, the first of which fails for good. Gives what removes them. */
async function storeJobs({ database, table }: TestStorage, takenCount: number): Promise<() => Promise<unknown>> {
  const ownerId = newOwner();
  await store(database, [{ ownerId, leaves: ["green tea", "black tea", "water"] }]);
  const lease = { leaseId: randomUUID(), modelId: table.modelId };
  const now = new Date();
  const [job] = await claimJobs(database, lease, { count: takenCount, now, leaseUntil: new Date(now.getTime() + 60_000) });
  if (!job) throw new Error("there is no job to take");
  await failJobs(database, lease, [{ job, retryAt: undefined, error: "REFUSED" }], now);
  return () => database.transaction((transaction) => deleteDocuments(transaction, ownerId, { kind: "filter", filter: {} }));
}

interface HealthJson {
  readonly timestamp: string;
}

async function metricsOf({ get }: { readonly get: Endpoints["get"]; readonly metrics: Metrics }): Promise<string> {
  const response = await get("/metrics");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/plain");
  return await response.text();
}

/** fetch would repair the target before it sends it. */
async function statusLine(port: number, request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  socket.write(request);
  await new Promise((resolve) => socket.once("close", resolve));
  return answer.split("\r\n")[0] ?? "";
}
