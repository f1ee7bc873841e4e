import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/domain/clock.ts";
import { limits } from "../../src/domain/limits.ts";
import { EmbeddingProbe } from "../../src/health/embedding-probe.ts";
import { probe } from "../../src/health/probes.ts";
import { embeddedDatabase, testDatabases } from "../support/databases.ts";
import { openEmpty, useStorage } from "../support/test-storage.ts";
import { createBreakableProvider, openPoolAt, startSilentServer } from "./dependencies.ts";

const clock = systemClock;

describe.each(testDatabases())("probing on $name", (kind) => {
  const storage = useStorage(kind);

  test("finds both healthy and says how long they took", async () => {
    const report = await probe({
      database: storage().database,
      embeddingProbe: new EmbeddingProbe(createBreakableProvider()),
      clock,
    });
    expect(report.database).toEqual({ status: "healthy", responseTimeMs: expect.any(Number), error: undefined });
    expect(report.embeddings).toEqual({ status: "healthy", responseTimeMs: expect.any(Number), error: undefined });
    expect(report.pool).toMatchObject({ active: 0, idle: report.pool.total, waiting: 0 });
  });

  test("finds an embedder that hangs within the timeout, and the database healthy all the same", async () => {
    const provider = createBreakableProvider();
    provider.state = "hangs";
    const report = await probe({ database: storage().database, embeddingProbe: new EmbeddingProbe(provider), clock });
    expect(report.embeddings).toMatchObject({ status: "unhealthy", error: `no answer within ${limits.probeTimeoutMs} ms` });
    expect(report.database.status).toBe("healthy");
  });

  test("says why an embedder failed", async () => {
    const provider = createBreakableProvider();
    provider.state = "fails";
    const report = await probe({ database: storage().database, embeddingProbe: new EmbeddingProbe(provider), clock });
    expect(report.embeddings).toMatchObject({ status: "unhealthy", error: "the model cannot answer" });
  });
});

test("an embedded database that is busy with a long transaction is healthy", async () => {
  const { database, drop } = await openEmpty(embeddedDatabase);
  try {
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const busy = database.transaction(async (transaction) => {
      await transaction.query("test", "select 1");
      begin();
      await mayEnd;
    });
    await begun;
    const report = await probe({ database, embeddingProbe: new EmbeddingProbe(createBreakableProvider()), clock });
    expect(report.database).toMatchObject({ status: "healthy", error: undefined });
    expect(report.pool).toMatchObject({ active: 1, idle: 0, total: 1 });
    end();
    await busy;
  } finally {
    await drop();
  }
});

describe("a database that is not there", () => {
  let silent: Awaited<ReturnType<typeof startSilentServer>>;

  beforeAll(async () => {
    silent = await startSilentServer();
  });

  afterAll(() => silent.close());

  test("is found by a refused connection, without its password", async () => {
    const { port, close } = await startSilentServer();
    await close();
    const database = openPoolAt(port);
    const report = await probe({ database, embeddingProbe: new EmbeddingProbe(createBreakableProvider()), clock });
    expect(report.database).toMatchObject({ status: "unhealthy", error: "the database cannot be reached" });
    expect(JSON.stringify(report)).not.toContain("hunter2");
    await database.close();
  });

  test("is found within the timeout if it takes the connection and never answers", async () => {
    const database = openPoolAt(silent.port);
    const report = await probe({ database, embeddingProbe: new EmbeddingProbe(createBreakableProvider()), clock });
    expect(report.database).toMatchObject({ status: "unhealthy", error: `no answer within ${limits.probeTimeoutMs} ms` });
    expect(report.embeddings.status).toBe("healthy");
    const closed = database.close();
    await silent.close();
    await closed;
    silent = await startSilentServer();
  });
});
