import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { MemoryService, WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchService, SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { createTestDatabase, hasRealPostgres } from "../support/databases.ts";
import { startService } from "../support/service.ts";
import { openEmpty, realPostgres } from "../support/test-storage.ts";

const stuckWorker = fileURLToPath(new URL("../support/stuck-worker-process.ts", import.meta.url));

function startWorker(databaseUrl: string, environment: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [join(repositoryDirectory, "src/cli/main.ts"), "worker"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, LLMEMORY_DATABASE_URL: databaseUrl, LLMEMORY_EMBEDDING_PROVIDER: "hashing", ...environment },
  });
}

/** Where a worker that is just starting says that it listens. */
async function httpAddressOf(worker: ChildProcess): Promise<string> {
  if (!worker.stderr) throw new Error("the worker was started without a pipe for stderr");
  for await (const line of createInterface(worker.stderr)) {
    const { msg, http } = JSON.parse(line) as { msg: string; http?: string };
    if (msg === "worker ready") return http ?? "nowhere";
  }
  throw new Error("the worker ended before it was ready");
}

// The embedded database belongs to one process.
describe.skipIf(!hasRealPostgres())("worker processes beside serve", () => {
  it("embed what serve does not, one going on where another was killed, and stop when asked", async () => {
    const database = await createTestDatabase();
    const environment = { LLMEMORY_EMBED_IN_SERVE: "false" };
    const service = await startService({ database: { databaseUrl: database.databaseUrl, dataDirectory: "" }, environment });
    const workers: ChildProcess[] = [];
    try {
      const transport = createGrpcTransport({ baseUrl: `http://${service.grpcAddress}` });
      const memory = createClient(MemoryService, transport);
      const search = createClient(SearchService, transport);
      const added = await memory.addDocument({ ownerId: "o", idAtOrigin: "tea", content: "Ada likes tea." });
      expect(added.embeddingsPending).toBe(1);

      const first = startWorker(database.databaseUrl);
      workers.push(first);
      const waited = await memory.addDocument({
        ownerId: "o",
        idAtOrigin: "coffee",
        content: "Bob likes coffee.",
        waitUntil: WaitUntil.SEARCHABLE,
      });
      expect(waited.embeddingsPending).toBe(0);
      first.kill("SIGKILL");
      await once(first, "exit");

      const second = startWorker(database.databaseUrl);
      workers.push(second);
      await memory.addDocument({ ownerId: "o", idAtOrigin: "milk", content: "Eve likes milk.", waitUntil: WaitUntil.SEARCHABLE });
      const { results } = await search.search({ ownerId: "o", queryText: "likes", searchType: SearchType.VECTOR });
      expect(results.map(({ idAtOrigin }) => idAtOrigin).toSorted()).toEqual(["coffee", "milk", "tea"]);

      second.kill("SIGTERM");
      const [exitCode] = await once(second, "exit");
      expect(exitCode).toBe(0);
    } finally {
      for (const worker of workers) worker.kill("SIGKILL");
      await service.stop();
      await database.drop();
    }
  });

  it("take over the jobs of one that was killed after it had claimed them", async () => {
    const opened = await openEmpty(realPostgres);
    const { databaseUrl = "" } = opened.settings;
    const environment = { LLMEMORY_EMBED_IN_SERVE: "false" };
    const service = await startService({ database: { databaseUrl, dataDirectory: "" }, environment });
    const processes: ChildProcess[] = [];
    const jobs = async () => (await opened.database.query("look", "select state, attempts from embedding_jobs")).rows;
    try {
      const memory = createClient(MemoryService, createGrpcTransport({ baseUrl: `http://${service.grpcAddress}` }));
      await memory.addDocument({ ownerId: "o", idAtOrigin: "tea", content: "Ada likes tea." });
      const stuck = spawn(process.execPath, [stuckWorker, JSON.stringify(opened.settings)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      processes.push(stuck);
      for await (const line of createInterface(stuck.stdout)) if (line === "embedding") break;
      expect(await jobs()).toEqual([{ state: "leased", attempts: 1 }]);
      // Longer than its lease: the heartbeat keeps others away.
      processes.push(startWorker(databaseUrl));
      await sleep(4_000);
      expect(await jobs()).toEqual([{ state: "leased", attempts: 1 }]);
      stuck.kill("SIGKILL");
      await once(stuck, "exit");
      await expect.poll(jobs, { timeout: 30_000 }).toEqual([]);
      const statistics = createClient(AdminService, createGrpcTransport({ baseUrl: `http://${service.grpcAddress}` }));
      expect(await statistics.getOwnerStatistics({ ownerId: "o" })).toMatchObject({ embeddedChunkCount: 1n });
    } finally {
      for (const child of processes) child.kill("SIGKILL");
      await service.stop();
      await opened.drop();
    }
  });

  it("tell of their metrics and health, if they are told where", async () => {
    const database = await createTestDatabase();
    const worker = startWorker(database.databaseUrl, { LLMEMORY_WORKER_HTTP_ADDRESS: "127.0.0.1:0" });
    try {
      const http = await httpAddressOf(worker);
      expect((await fetch(`http://${http}/readyz`)).status).toBe(200);
      expect(await (await fetch(`http://${http}/health`)).json()).toMatchObject({ status: "healthy" });
      expect(await (await fetch(`http://${http}/metrics`)).text()).toContain(
        'memory_db_query_duration_seconds_count{query_type="claim_jobs"}',
      );
      expect((await fetch(`http://${http}/llmemory.v1.SearchService/Search`)).status).toBe(404);
      worker.kill("SIGTERM");
      expect(await once(worker, "exit")).toEqual([0, null]);
    } finally {
      worker.kill("SIGKILL");
      await database.drop();
    }
  });
});
