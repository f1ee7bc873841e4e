import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goTool } from "../../scripts/toolchains.ts";
import { type Certificate, makeAuthority, makeCertificate, writeCertificate } from "../support/certificates.ts";
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

test("grpc-health-probe finds it serving over TLS, if it knows the certificate's authority", async () => {
  const folder = await mkdtemp(join(tmpdir(), "llmemory-health-probe-"));
  try {
    const [authority, foreign] = await Promise.all([makeAuthority("ours"), makeAuthority("foreign")]);
    const { certFile, keyFile } = await writeCertificate(folder, "server", await makeCertificate(authority));
    const files = { LLMEMORY_TLS_CERT_FILE: certFile, LLMEMORY_TLS_KEY_FILE: keyFile };
    await using encrypted = await startService({ environment: files });
    const probe = async (name: string, trusted: Certificate) => {
      const { certFile: caFile } = await writeCertificate(folder, name, trusted);
      const tls = ["-tls", `-tls-ca-cert=${caFile}`];
      return await runToEnd(goTool("grpc-health-probe"), [`-addr=${encrypted.grpcAddress}`, ...tls]);
    };
    expect(await probe("ours", authority)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("status: SERVING") });
    const refused = await probe("foreign", foreign);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain("failed to connect");
    const inTheClear = await runToEnd(goTool("grpc-health-probe"), [`-addr=${encrypted.grpcAddress}`]);
    expect(inTheClear.exitCode).not.toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
