import { cp, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { openDatabase } from "../../src/storage/open-database.ts";
import { startSilentServer } from "../health/dependencies.ts";
import { makeAuthority, makeCertificate, writeCertificate } from "../support/certificates.ts";
import { embeddedDatabase, type FreshDatabase, testDatabases } from "../support/databases.ts";
import { connectTo } from "../support/rpc-clients.ts";
import { runLlmemory } from "../support/run-llmemory.ts";
import { startService } from "../support/service.ts";
import { schema, silentLogger } from "../support/test-storage.ts";

const freePorts = { LLMEMORY_GRPC_ADDRESS: "127.0.0.1:0", LLMEMORY_HTTP_ADDRESS: "127.0.0.1:0" };
const hashing = { LLMEMORY_EMBEDDING_PROVIDER: "hashing" };

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-serve-"));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs a start that must fail: it ends by itself, prints no ready line, and says one thing to the operator. */
async function failToStart(environment: Readonly<Record<string, string>>, command = "serve") {
  const settings = { LLMEMORY_DATA_DIR: join(directory, "unused"), ...freePorts, ...hashing, ...environment };
  const { exitCode, stdout, stderr } = await runLlmemory([command], settings);
  expect({ stdout, hasStack: /^ {4}at /m.test(stderr) }).toEqual({ stdout: "", hasStack: false });
  return { exitCode, message: stderr };
}

describe("a start that must fail ends by itself and says why", () => {
  test.each(["LLMEMORY_GRPC_ADDRESS", "LLMEMORY_HTTP_ADDRESS"])("%s beyond this machine", async (name) => {
    const { exitCode, message } = await failToStart({ [name]: "0.0.0.0:0" });
    expect(exitCode).toBe(2);
    expect(message).toMatch(new RegExp(`${name} is 0\\.0\\.0\\.0:0.*--insecure`));
  });

  test("a port in use", async () => {
    const database = await embeddedDatabase.create();
    const { port, close } = await startSilentServer();
    const environment = { LLMEMORY_DATA_DIR: database.dataDirectory, LLMEMORY_GRPC_ADDRESS: `127.0.0.1:${port}` };
    const { exitCode, message } = await failToStart(environment);
    await close();
    await database.drop();
    expect(exitCode).toBe(1);
    expect(message).toMatch(new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}.*EADDRINUSE`));
  });

  test("a data directory that another process uses, which goes on undisturbed", async () => {
    const database = await embeddedDatabase.create();
    const { dataDirectory } = database;
    const service = await startService({ database });
    const { exitCode, message } = await failToStart({ LLMEMORY_DATA_DIR: dataDirectory });
    expect(exitCode).toBe(1);
    expect(message).toContain(`the data directory ${dataDirectory} is in use by another llmemory process`);
    const clients = connectTo(service);
    expect(await clients.memory.addDocument({ ownerId: "ada", content: "tea" })).toMatchObject({ chunksCreated: 1 });
    clients.close();
    await service.stop();
    await database.drop();
  });

  test.each(["model.onnx", "tokenizer.json"])("a model with one wrong byte in %s", async (name) => {
    const modelDirectory = join(directory, `corrupt-${name}`);
    await cp(join(repositoryDirectory, "models/e5-small-v2"), modelDirectory, { recursive: true });
    await flipByte(join(modelDirectory, name));
    const database = await embeddedDatabase.create();
    const environment = { LLMEMORY_EMBEDDING_PROVIDER: "local", LLMEMORY_MODEL_DIR: modelDirectory };
    const { exitCode, message } = await failToStart({ ...environment, LLMEMORY_DATA_DIR: database.dataDirectory });
    expect(exitCode).toBe(1);
    expect(message).toMatch(new RegExp(`model file ${join(modelDirectory, name)} is corrupt.*restore the directory`));
    // Nothing holds the data directory any more.
    const service = await startService({ database });
    expect(await service.stop()).toBe(0);
    await database.drop();
  });

  test("a database that nobody answers for, without its password", async () => {
    const { port, close } = await startSilentServer();
    await close();
    const url = `postgresql://ada:hunter2@127.0.0.1:${port}/llmemory`;
    const { exitCode, message } = await failToStart({ DATABASE_URL: url });
    expect(exitCode).toBe(1);
    expect(message).toMatch(/the database cannot be reached.*ECONNREFUSED/);
    expect(message).not.toContain("hunter2");
  });

  test.each(["mysql://ada:hunter2@localhost/llmemory", "postgresql://ada:hunter2@[bad/llmemory", "ada:hunter2@localhost"])(
    "a URL that is none, without its password: %s",
    async (url) => {
      const { exitCode, message } = await failToStart({ DATABASE_URL: url });
      expect([1, 2]).toContain(exitCode);
      expect(message).toMatch(/DATABASE_URL|database/);
      expect(message).not.toContain("hunter2");
    },
  );

  test("a key that is not the certificate's", async () => {
    const database = await embeddedDatabase.create();
    const authority = await makeAuthority("ours");
    const { certFile } = await writeCertificate(directory, "own", await makeCertificate(authority));
    const { keyFile } = await writeCertificate(directory, "other", await makeCertificate(authority));
    const files = { LLMEMORY_TLS_CERT_FILE: certFile, LLMEMORY_TLS_KEY_FILE: keyFile };
    const { exitCode, message } = await failToStart({ LLMEMORY_DATA_DIR: database.dataDirectory, ...files });
    await database.drop();
    expect(exitCode).toBe(1);
    expect(message).toContain(`the file of LLMEMORY_TLS_KEY_FILE, ${keyFile}, does not belong to the certificate`);
  });

  test("a worker on the embedded database", async () => {
    const { exitCode, message } = await failToStart({}, "worker");
    expect(exitCode).toBe(1);
    expect(message).toContain("a worker needs a PostgreSQL server that it shares with serve; set DATABASE_URL");
  });
});

describe.each(testDatabases())("on $name", ({ name, create }) => {
  test("data of a newer schema are left as they are, for serve and for migrate", async () => {
    const database = await create();
    await pretendNewerSchema(database);
    const environment = {
      LLMEMORY_DATA_DIR: database.dataDirectory,
      ...(database.databaseUrl !== undefined && { DATABASE_URL: database.databaseUrl }),
    };
    for (const command of ["serve", "migrate"]) {
      const { exitCode, message } = await failToStart(environment, command);
      expect(exitCode).toBe(1);
      expect(message).toMatch(/the schema "llmemory" is of a newer llmemory \(migration 9999-future\)/);
    }
    await database.drop();
  });

  test.runIf(name === "postgres")("a wrong password is not repeated", async () => {
    const database = await create();
    const url = new URL(database.databaseUrl ?? "");
    url.password = "hunter2";
    url.username = "nobody";
    const { exitCode, message } = await failToStart({ DATABASE_URL: url.href });
    expect(exitCode).toBe(1);
    expect(message).toMatch(/the database cannot be reached: .*nobody/);
    expect(message).not.toContain("hunter2");
    await database.drop();
  });

  test("SIGTERM lets a request under way end, and what it has stored is there after the next start", async () => {
    const database = await create();
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      const content = "A sentence about green tea and black tea. ".repeat(50_000);
      const call = clients.memory.addDocument({ ownerId: "ada", idAtOrigin: "long", content });
      // The request has arrived once the service counts it.
      await expect.poll(() => startedCalls(service.httpAddress), { timeout: 10_000 }).toBe(1);
      const stopped = service.stop();
      expect(await call).toMatchObject({ document: { idAtOrigin: "long" } });
      expect(await stopped).toBe(0);
      clients.close();
    }
    await using service = await startService({ database });
    const clients = connectTo(service);
    const found = await clients.memory.getDocument({ ownerId: "ada", key: { case: "idAtOrigin", value: "long" } });
    expect(found).toMatchObject({ document: { version: 1 } });
    clients.close();
    await service.stop();
    await database.drop();
  });
});

test("a second signal ends a service that would still wait", async () => {
  const database = await embeddedDatabase.create();
  const service = await startService({ database, environment: { LLMEMORY_EMBED_IN_SERVE: "false" } });
  const clients = connectTo(service);
  // How it ends is not looked at: connect-node does not always notice that a process is gone.
  clients.memory.addDocument({ ownerId: "ada", content: "tea", waitUntil: WaitUntil.SEARCHABLE }).catch(() => undefined);
  await expect.poll(() => startedCalls(service.httpAddress), { timeout: 10_000 }).toBe(1);
  const stopped = service.stop();
  while (!service.stderr().includes('"stopping"')) await sleep(10);
  process.kill(service.pid, "SIGTERM");
  expect(await stopped).toBe(1);
  clients.close();
  await database.drop();
});

test("an address beyond this machine is taken if the operator insists", async () => {
  const environment = { LLMEMORY_HTTP_ADDRESS: "0.0.0.0:0", LLMEMORY_INSECURE: "true" };
  const database = await embeddedDatabase.create();
  const service = await startService({ database, environment });
  const port = service.httpAddress.split(":").at(-1);
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  await service.stop();
  await database.drop();
});

async function startedCalls(httpAddress: string): Promise<number> {
  const text = await (await fetch(`http://${httpAddress}/metrics`)).text();
  return Number(/^grpc_server_started_total\{.*grpc_method="AddDocument".*\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function flipByte(path: string): Promise<void> {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  const position = 100_000;
  await file.read(byte, 0, 1, position);
  byte.writeUInt8(byte.readUInt8() ^ 0xff);
  await file.write(byte, 0, 1, position);
}

async function pretendNewerSchema(fresh: FreshDatabase): Promise<void> {
  const deps = { metrics: createMetrics({ ownerLabels: true, version: "test" }), logger: silentLogger };
  const database = await openDatabase(deps, { ...fresh, schema, databasePoolSizeMax: 2, slowQueryMs: 1_000 });
  await migrate(database, schema);
  await database.query(
    "pretend_newer_schema",
    "insert into schema_migrations (version, name, checksum) values (9999, '9999-future', 'x')",
  );
  await database.close();
}
