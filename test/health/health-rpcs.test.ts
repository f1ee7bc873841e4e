import { createClient, createRouterTransport } from "@connectrpc/connect";
import { beforeEach, expect, test } from "vitest";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { systemClock } from "../../src/domain/clock.ts";
import { HealthMonitor } from "../../src/health/health-monitor.ts";
import { createHealthRpcs } from "../../src/health/health-rpcs.ts";
import { embeddedDatabase } from "../support/databases.ts";
import { fixedGeneration } from "../support/search-deps.ts";
import { silentLogger, useStorage } from "../support/test-storage.ts";
import { type BreakableProvider, createBreakableProvider } from "./dependencies.ts";

const storage = useStorage(embeddedDatabase);
let provider: BreakableProvider;

beforeEach(() => {
  provider = createBreakableProvider();
});

/** A client of the RPCs that health gives to AdminService. */
async function open() {
  const { database } = storage();
  const monitor = new HealthMonitor({ database, provider, clock: systemClock, logger: silentLogger });
  await monitor.refresh();
  const rpcs = createHealthRpcs({ monitor, models: fixedGeneration(storage().table, provider) });
  return createClient(
    AdminService,
    createRouterTransport((router) => router.service(AdminService, rpcs)),
  );
}

test("GetHealthReport tells what was probed and when, and probes anew when it is forced to", async () => {
  const admin = await open();
  const report = await admin.getHealthReport({});
  expect(report).toMatchObject({
    healthy: true,
    database: { healthy: true, error: "" },
    embeddings: { healthy: true, error: "" },
    connectionPool: { total: 1, waiting: 0 },
  });
  provider.state = "fails";
  expect(await admin.getHealthReport({})).toEqual(report);
  expect(await admin.getHealthReport({ force: true })).toMatchObject({
    healthy: false,
    database: { healthy: true },
    embeddings: { healthy: false, error: "the model cannot answer" },
  });
});

test("GetEmbeddingHealth names the model beside what the probe found", async () => {
  const admin = await open();
  const model = { modelId: "hashing/8", dimension: 8 };
  expect(await admin.getEmbeddingHealth({})).toMatchObject({ ...model, probe: { healthy: true } });
  provider.state = "hangs";
  expect(await admin.getEmbeddingHealth({ force: true })).toMatchObject({
    ...model,
    probe: { healthy: false, error: "no answer within 1500 ms" },
  });
});
