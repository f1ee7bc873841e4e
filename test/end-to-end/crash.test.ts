import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GetEmbeddingQueueResponse } from "#gen/llmemory/v1/admin_service_pb.js";
import { Outcome } from "#gen/llmemory/v1/memory_service_pb.js";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { testDatabases } from "../support/databases.ts";
import { connectTo, type RpcClients } from "../support/rpc-clients.ts";
import { runLlmemory } from "../support/run-llmemory.ts";
import { type Service, startService } from "../support/service.ts";

const documentCount = 600;
const ownerId = "ada";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmemory-crash-"));
  for (let index = 0; index < documentCount; index++) {
    const subfolder = join(folder, `part-${index % 7}`);
    await mkdir(subfolder, { recursive: true });
    const sentences = Array.from({ length: 40 }, (_, sentence) => `Note ${index} speaks of topic ${sentence} and of tea.`);
    await writeFile(join(subfolder, `note-${index}.txt`), sentences.join("\n"));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.concurrent.each(testDatabases())("killing the service on $name", ({ create }) => {
  // What a killed process was embedding is given to others when its lease of a minute has run out; the tests wait side by side.
  test("in the middle of an ingest loses nothing: the next run ends with every document once", async () => {
    const database = await create();
    const other = { ownerId: "grace", idAtOrigin: "tea", content: "Grace likes tea. ".repeat(2_000) };
    let storedBefore = 0;
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      const ingest = startIngest(service);
      storedBefore = await untilSome(clients);
      expect(await clients.memory.addDocument(other)).toMatchObject({ outcome: Outcome.CREATED });
      await service.kill("SIGKILL");
      clients.close();
      ingest.kill("SIGKILL");
      await ingest.closed;
    }
    expect(storedBefore).toBeGreaterThan(0);
    expect(storedBefore).toBeLessThan(documentCount);
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      const kept = await listAll(clients);
      // What was there before the kill is there after it.
      expect(kept.length).toBeGreaterThanOrEqual(storedBefore);
      // And so is what was acknowledged to others.
      const key = { case: "idAtOrigin" as const, value: other.idAtOrigin };
      const found = await clients.memory.getDocument({ ownerId: other.ownerId, key, includeContent: true });
      expect(found.content).toBe(other.content);
      const { exitCode, stdout } = await runLlmemory(["ingest", folder, "--json", "--wait", ...clientArguments(service)]);
      expect(exitCode, stdout).toBe(0);
      const ids = await listAll(clients);
      expect(ids).toHaveLength(documentCount);
      expect(new Set(ids).size).toBe(documentCount);
      const statistics = await clients.admin.getOwnerStatistics({ ownerId });
      expect(statistics).toMatchObject({
        documentCount: BigInt(documentCount),
        embeddingsPending: 0n,
        embeddingsDead: 0n,
        embeddedChunkCount: statistics.chunkCount,
      });
      expect(await untilEmbedded(clients)).toMatchObject({ totalSize: 0n, dead: 0n });
      // A third run has nothing to do.
      const again = await runLlmemory(["ingest", folder, "--json", ...clientArguments(service)]);
      expect(again.exitCode).toBe(0);
      expect(await versionsOf(clients)).toEqual([1]);
      clients.close();
    }
    await database.drop();
  }, 180_000);

  test("while the command line goes on trying: it reconnects and finishes by itself", async () => {
    const database = await create();
    const first = await startService({ database });
    const clients = connectTo(first);
    const ingest = startIngest(first);
    const storedBefore = await untilSome(clients);
    clients.close();
    await first.kill("SIGKILL");
    expect(storedBefore).toBeLessThan(documentCount);
    const environment = { LLMEMORY_GRPC_ADDRESS: first.grpcAddress };
    {
      await using second = await startService({ database, environment });
      expect(await ingest.closed).toBe(0);
      const clientsOfSecond = connectTo(second);
      const ids = await listAll(clientsOfSecond);
      expect([ids.length, new Set(ids).size]).toEqual([documentCount, documentCount]);
      expect(await versionsOf(clientsOfSecond)).toEqual([1]);
      clientsOfSecond.close();
    }
    await database.drop();
  }, 180_000);
});

function clientArguments(service: Service): string[] {
  return ["--address", service.grpcAddress, "--owner", ownerId];
}

/** Runs the command line's ingest in the background. */
function startIngest(service: Service) {
  const program = join(repositoryDirectory, "src/cli/main.ts");
  const child = spawn(process.execPath, [program, "ingest", folder, ...clientArguments(service)], { stdio: "ignore" });
  const closed = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  return { closed, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

/** Waits until some documents are stored; gives how many. */
async function untilSome({ admin }: RpcClients): Promise<number> {
  for (;;) {
    const { documentCount: count } = await admin.getOwnerStatistics({ ownerId });
    if (count > 0n) return Number(count);
    await sleep(5);
  }
}

/** Waits until no owner has a chunk that waits for its vector. */
async function untilEmbedded({ admin }: RpcClients): Promise<GetEmbeddingQueueResponse> {
  for (;;) {
    const queue = await admin.getEmbeddingQueue({});
    if (queue.totalSize === 0n) return queue;
    await sleep(100);
  }
}

async function listAll({ memory }: RpcClients): Promise<string[]> {
  const ids: string[] = [];
  let pageToken = "";
  do {
    const page = await memory.listDocuments({ ownerId, pageSize: 500, pageToken });
    ids.push(...page.documents.map(({ idAtOrigin }) => idAtOrigin));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return ids;
}

/** The versions that documents have: one beyond 1 was stored twice. */
async function versionsOf({ memory }: RpcClients): Promise<number[]> {
  const { documents } = await memory.listDocuments({ ownerId, pageSize: 500 });
  return [...new Set(documents.map(({ version }) => version))];
}
