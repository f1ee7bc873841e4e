import { afterAll, beforeAll, expect, test } from "vitest";
import { goTool } from "../../scripts/toolchains.ts";
import { startPostgresFromWheel } from "../support/postgres/postgres-from-wheel.ts";
import { runToEnd } from "../support/run-to-end.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service?.stop();
});

test.each([
  "",
  "llmemory.v1.MemoryService",
  "llmemory.v1.SearchService",
  "llmemory.v1.AdminService",
  "database",
  "embeddings",
  "liveness",
])('grpc-health-probe finds "%s" serving', async (name) => {
  const { exitCode, stderr } = await runToEnd(goTool("grpc-health-probe"), [`-addr=${service.grpcAddress}`, `-service=${name}`]);
  expect(stderr).toContain("status: SERVING");
  expect(exitCode).toBe(0);
});

test("grpc-health-probe fails for a service that does not exist", async () => {
  const { exitCode, stderr } = await runToEnd(goTool("grpc-health-probe"), [`-addr=${service.grpcAddress}`, "-service=nothing"]);
  expect(stderr).toContain("NotFound");
  expect(exitCode).not.toBe(0);
});

test("grpc-health-probe tells a stopped database from a stopped process", { timeout: 120_000 }, async () => {
  const server = await startPostgresFromWheel(["max_connections=50"]);
  try {
    await using onServer = await startService({ database: { databaseUrl: server.url, dataDirectory: "" } });
    const probe = (name: string) => runToEnd(goTool("grpc-health-probe"), [`-addr=${onServer.grpcAddress}`, `-service=${name}`]);
    expect((await probe("")).exitCode).toBe(0);
    await server.crash();
    // 4 is its code for NOT_SERVING.
    await expect.poll(async () => (await probe("")).exitCode, { timeout: 30_000 }).toBe(4);
    for (const name of ["database", "llmemory.v1.MemoryService", "llmemory.v1.SearchService", "llmemory.v1.AdminService"])
      expect([name, (await probe(name)).exitCode]).toEqual([name, 4]);
    for (const name of ["liveness", "embeddings"]) expect([name, (await probe(name)).exitCode]).toEqual([name, 0]);
    await server.restart();
    await expect.poll(async () => (await probe("")).exitCode, { timeout: 60_000 }).toBe(0);
  } finally {
    await server.stop();
  }
});
