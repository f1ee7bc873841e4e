import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { hasRealPostgres } from "../support/databases.ts";
import { connectTo, type RpcClients } from "../support/rpc-clients.ts";
import { runLlmemory } from "../support/run-llmemory.ts";
import { type Service, startService } from "../support/service.ts";
import { openEmpty, realPostgres } from "../support/test-storage.ts";

// The test looks into the database beside the service, and the embedded one belongs to one process.
describe.skipIf(!hasRealPostgres())("the embedding queue of a service", () => {
  let opened: Awaited<ReturnType<typeof openEmpty>>;
  let service: Service;
  let clients: RpcClients;

  beforeAll(async () => {
    opened = await openEmpty(realPostgres);
    const environment = { LLMEMORY_EMBED_IN_SERVE: "false" };
    service = await startService({ database: opened.settings, environment });
    clients = connectTo(service);
    for (const ownerId of ["waiting", "failing"])
      for (const idAtOrigin of ["one", "two"])
        await clients.memory.addDocument({ ownerId, idAtOrigin, content: `${idAtOrigin} tea` });
    await opened.database.query(
      "die",
      "update embedding_jobs set state = 'dead', attempts = 8, last_error = 'INTERNAL' where owner_id = $1",
      ["failing"],
    );
  });

  afterAll(async () => {
    clients.close();
    await service.stop();
    await opened.drop();
  });

  async function llmemory(...commandArguments: readonly string[]) {
    const { exitCode, stdout, stderr } = await runLlmemory([...commandArguments, "--address", service.grpcAddress]);
    expect(exitCode, stderr).toBe(exitCodes.ok);
    return { stdout, stderr };
  }

  test("is shown by owner, with the reasons of what has failed", async () => {
    const { stdout, stderr } = await llmemory("queue");
    expect(stdout).toMatch(/^waiting +2 .* 0$/m);
    expect(stdout).toMatch(/^failing +0 +2 +INTERNAL 2$/m);
    expect(stderr).toBe("2 chunks waiting, 2 chunks failed (INTERNAL 2)\n");
    expect(JSON.parse((await llmemory("queue", "--json")).stdout)).toMatchObject({
      totalSize: "2",
      dead: "2",
      deadReasons: [{ reason: "INTERNAL", count: "2" }],
      owners: [{ ownerId: "waiting" }, { ownerId: "failing", deadReasons: [{ reason: "INTERNAL", count: "2" }] }],
    });
    expect((await llmemory("queue", "--owner", "nobody")).stderr).toBe("Nothing waits for embedding, and nothing has failed.\n");
  });

  test("has what has failed tried again, of one owner or model, or of all", async () => {
    expect((await llmemory("queue", "retry", "--owner", "waiting")).stdout).toBe("0 chunks will be embedded again\n");
    expect((await llmemory("queue", "--owner", "failing", "retry", "--model", "another/model", "--json")).stdout).toBe(
      '{"retried":"0"}\n',
    );
    await opened.database.query(
      "survive",
      "update embedding_jobs set state = 'pending' where owner_id = $1 and attempts = 8 and chunk_id = (select min(chunk_id::text)::uuid from embedding_jobs where owner_id = $1)",
      ["failing"],
    );
    expect(await clients.admin.retryDeadJobs({ ownerId: "failing", modelId: "hashing/384" })).toMatchObject({ retried: 1n });
    expect(await clients.admin.getEmbeddingQueue({})).toMatchObject({ totalSize: 4n, dead: 0n });
  });

  test("has what has failed given up: it is still found by its words", async () => {
    await opened.database.query("die", "update embedding_jobs set state = 'dead' where owner_id = $1", ["failing"]);
    const refused = await runLlmemory(["queue", "purge", "--address", service.grpcAddress]);
    expect(refused).toMatchObject({ exitCode: exitCodes.usage, stderr: expect.stringContaining("pass --yes") });
    expect((await llmemory("queue", "purge", "--owner", "failing", "--yes")).stdout).toBe(
      "2 chunks will stay without an embedding\n",
    );
    expect(await clients.admin.getOwnerStatistics({ ownerId: "failing" })).toMatchObject({
      chunkCount: 2n,
      embeddedChunkCount: 0n,
      embeddingsPending: 0n,
      embeddingsDead: 0n,
      embeddingsMissing: 2n,
    });
    expect((await llmemory("stats", "--owner", "failing")).stdout).toMatch(/^embedding given up +2$/m);
    expect((await clients.search.search({ ownerId: "failing", queryText: "tea" })).results).toHaveLength(2);
    expect(await clients.admin.purgeDeadJobs({})).toMatchObject({ purged: 0n });
  });
});
