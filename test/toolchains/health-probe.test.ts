import { afterAll, beforeAll, expect, test } from "vitest";
import { goTool } from "../../scripts/toolchains.ts";
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
