import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { MemoryService, WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchService, SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { createTestDatabase, hasRealPostgres } from "../support/databases.ts";
import { startService } from "../support/service.ts";

function startWorker(databaseUrl: string): ChildProcess {
  return spawn(process.execPath, [join(repositoryDirectory, "src/cli/main.ts"), "worker"], {
    stdio: "ignore",
    env: { ...process.env, LLMEMORY_DATABASE_URL: databaseUrl, LLMEMORY_EMBEDDING_PROVIDER: "hashing" },
  });
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
});
