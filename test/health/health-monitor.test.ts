import { beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../../src/domain/clock.ts";
import { HealthMonitor, healthServices } from "../../src/health/health-monitor.ts";
import type { Database } from "../../src/storage/database.ts";
import { recordingLogger } from "../interceptors/in-memory-service.ts";
import { embeddedDatabase } from "../support/databases.ts";
import { silentLogger, useStorage } from "../support/test-storage.ts";
import { type BreakableProvider, createBreakableProvider, openPoolAt, startSilentServer } from "./dependencies.ts";

let database: Database;
let provider: BreakableProvider;
let now: number;
const clock: Clock = { now: () => new Date(now) };

const storage = useStorage(embeddedDatabase);

beforeEach(() => {
  database = storage().database;
  provider = createBreakableProvider();
  now = Date.parse("2026-01-01T00:00:00Z");
});

describe("which services serve", () => {
  const all = [...healthServices];
  const withoutEmbeddings = all.filter((service) => service !== "embeddings");

  test.each([
    { database: "up", embeddings: "answers", draining: false, serving: all },
    { database: "up", embeddings: "fails", draining: false, serving: withoutEmbeddings },
    { database: "down", embeddings: "answers", draining: false, serving: ["embeddings", "liveness"] },
    { database: "down", embeddings: "fails", draining: false, serving: ["liveness"] },
    { database: "up", embeddings: "answers", draining: true, serving: ["liveness"] },
    { database: "down", embeddings: "fails", draining: true, serving: ["liveness"] },
  ] as const)("database $database, embedder $embeddings, draining $draining", async (state) => {
    const absent = openPoolAt(await freePort());
    const monitor = new HealthMonitor({
      database: state.database === "up" ? database : absent,
      provider,
      clock,
      logger: silentLogger,
    });
    provider.state = state.embeddings;
    await monitor.refresh();
    if (state.draining) monitor.drain();
    expect(healthServices.filter((service) => monitor.isServing(service))).toEqual(state.serving);
    await absent.close();
  });

  test("before the first probe only liveness does", () => {
    const monitor = new HealthMonitor({ database, provider, clock, logger: silentLogger });
    expect(healthServices.filter((service) => monitor.isServing(service))).toEqual(["liveness"]);
  });
});

describe("the report", () => {
  test("is the last one while that is young enough, else a new one", async () => {
    const monitor = new HealthMonitor({ database, provider, clock, logger: silentLogger });
    const first = await monitor.report(1_000);
    now += 1_000;
    expect(await monitor.report(1_000)).toBe(first);
    now += 1;
    const second = await monitor.report(1_000);
    expect(second).not.toBe(first);
    now += 1;
    expect(await monitor.report(0)).not.toBe(second);
  });

  test("of overlapping probes is one", async () => {
    const monitor = new HealthMonitor({ database, provider, clock, logger: silentLogger });
    const [first, second] = await Promise.all([monitor.refresh(), monitor.refresh()]);
    expect(second).toBe(first);
  });
});

test("each change is logged once, with its reason", async () => {
  const { logger, logs } = recordingLogger();
  const monitor = new HealthMonitor({ database, provider, clock, logger });
  await monitor.refresh();
  await monitor.refresh();
  provider.state = "fails";
  await monitor.refresh();
  await monitor.refresh();
  expect(logs.map(({ check, status, error }) => ({ check, status, error }))).toEqual([
    { check: "database", status: "healthy", error: undefined },
    { check: "embeddings", status: "healthy", error: undefined },
    { check: "embeddings", status: "unhealthy", error: "the model cannot answer" },
  ]);
});

test("start probes before it returns, and stop leaves no timer behind", async () => {
  const monitor = new HealthMonitor({ database, provider, clock, logger: silentLogger });
  await monitor.start();
  expect(monitor.isServing("")).toBe(true);
  monitor.stop();
});

async function freePort(): Promise<number> {
  const { port, close } = await startSilentServer();
  await close();
  return port;
}
