import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { type FreshDatabase, testDatabases } from "../support/databases.ts";
import { type Receiver, startReceiver, told, untilTold } from "../support/incident-receiver.ts";
import { connectTo } from "../support/rpc-clients.ts";
import { runLlmemory } from "../support/run-llmemory.ts";
import { type Service, startService } from "../support/service.ts";

let folder: string;
let receiver: Receiver;
let database: FreshDatabase;
/** Of the service that is watched; empty before its first start. */
let address = "";
let service: Service;
let manager: { readonly child: ChildProcess; readonly stderr: () => string } | undefined;

/** With the port of the service before it, if there was one: a real service keeps its address. */
async function start(): Promise<Service> {
  return await startService({
    database,
    environment: { LLMEMORY_EMBED_IN_SERVE: "false", ...(address ? { LLMEMORY_GRPC_ADDRESS: address } : {}) },
  });
}

function startManager(): NonNullable<typeof manager> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("LLMEMORY_") && name !== "DATABASE_URL");
  const child = spawn(process.execPath, [join(repositoryDirectory, "src/cli/main.ts"), "alert-manager", "--address", address], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...Object.fromEntries(inherited),
      // An address of another machine is refused for a listener, which this is not.
      LLMEMORY_GRPC_ADDRESS: "192.0.2.1:50051",
      LLMEMORY_ALERT_PAGERDUTY_URL: receiver.baseUrl,
      LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY_FILE: join(folder, "key"),
      LLMEMORY_ALERT_INTERVAL_MS: "200",
      LLMEMORY_ALERT_SEARCH_MS: "2000",
      LLMEMORY_ALERT_QUEUE_SIZE: "3",
    },
  });
  const parts: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => parts.push(text));
  return { child, stderr: () => parts.join("") };
}

async function stopManager(): Promise<number | null> {
  const child = manager?.child;
  manager = undefined;
  if (!child) return null;
  if (child.exitCode === null) {
    child.kill("SIGTERM");
    await once(child, "close");
  }
  return child.exitCode;
}

/** Does something, and waits until the receiver is told of it. */
async function tells(event: string, after: () => Promise<unknown> | unknown): Promise<void> {
  const before = receiver.requests.length;
  await after();
  try {
    await untilTold(receiver, event, before);
  } catch (error) {
    throw new Error(`the alert manager said:\n${manager?.stderr()}`, { cause: error });
  }
}

// Each test goes on where the one before has left the service.
describe.each(testDatabases())("llmemory alert-manager pages PagerDuty on $name", { timeout: 180_000 }, ({ create }) => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "llmemory-alert-manager-"));
    await writeFile(join(folder, "key"), "R0UT1NG\n");
    receiver = await startReceiver();
    database = await create();
    address = "";
    service = await start();
    address = service.grpcAddress;
    manager = startManager();
  });

  afterAll(async () => {
    await stopManager();
    await service.stop();
    await database.drop();
    await receiver.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("for nothing while all is well, but ends what may be open since before", async () => {
    for (const check of ["search_latency", "embedding_queue", "health_check"])
      await untilTold(receiver, `resolve llmemory/${check}`);
    expect(receiver.requests.every(({ body }) => body.routing_key === "R0UT1NG")).toBe(true);
  });

  it("when chunks pile up that nobody embeds, until they are gone", async () => {
    const { memory, close } = connectTo(service);
    const ids = ["one", "two", "three", "four"];
    await tells("trigger llmemory/embedding_queue", () =>
      memory.batchAddDocuments({ documents: ids.map((idAtOrigin) => ({ ownerId: "ada", idAtOrigin, content: "tea" })) }),
    );
    expect(receiver.requests.at(-1)?.body.payload).toMatchObject({
      summary: "Embedding queue critical",
      source: address,
      severity: "warning",
      custom_details: { details: "Queue size: 4; the threshold is 3" },
    });
    await tells("resolve llmemory/embedding_queue", () =>
      memory.deleteDocument({ ownerId: "ada", key: { case: "idAtOrigin", value: "one" } }),
    );
    close();
  });

  it("when a search is slow, until one is fast", async () => {
    await tells("trigger llmemory/search_latency", async () => {
      process.kill(service.pid, "SIGSTOP");
      await sleep(4_000);
      process.kill(service.pid, "SIGCONT");
    });
    await untilTold(receiver, "resolve llmemory/search_latency", told(receiver).lastIndexOf("trigger llmemory/search_latency"));
  });

  it("when the service hangs, until it answers", async () => {
    await tells("trigger llmemory/health_check", () => process.kill(service.pid, "SIGSTOP"));
    expect(JSON.stringify(receiver.requests.at(-1)?.body)).toContain("search: no answer within 10000 ms");
    await tells("resolve llmemory/health_check", () => process.kill(service.pid, "SIGCONT"));
  });

  it("when the service is gone, and although the pager itself was started anew, until the service is back", async () => {
    await tells("trigger llmemory/health_check", () => service.kill("SIGKILL"));
    expect(await stopManager()).toBe(exitCodes.ok);
    await tells("trigger llmemory/health_check", () => {
      manager = startManager();
    });
    expect(await stopManager()).toBe(exitCodes.ok);
    service = await start();
    await tells("resolve llmemory/health_check", () => {
      manager = startManager();
    });
  });

  it("and logs no key, and of its searches only those of its own owner are counted", async () => {
    // It logs an event once the receiver has taken it.
    await expect.poll(() => manager?.stderr()).toContain('"channel":"pagerduty","check":"health_check","action":"resolve"');
    expect(manager?.stderr()).not.toContain("R0UT1NG");
    const metrics = await (await fetch(`http://${service.httpAddress}/metrics`)).text();
    const owners = metrics.match(/^memory_search_requests_total\{owner_id="[^"]*"/gm);
    expect(new Set(owners)).toEqual(new Set(['memory_search_requests_total{owner_id="health-check"']));
  });
});

it("refuses to watch if there is nobody to tell", async () => {
  const { exitCode, stderr } = await runLlmemory(["alert-manager"]);
  expect(exitCode).toBe(exitCodes.failed);
  expect(stderr).toContain("LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY");
});
