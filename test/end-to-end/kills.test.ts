import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createTestDatabase, hasRealPostgres } from "../support/databases.ts";
import { startPostgresFromWheel } from "../support/postgres/postgres-from-wheel.ts";
import { randomNumbers } from "../support/random-numbers.ts";
import { connectTo } from "../support/rpc-clients.ts";
import { startService } from "../support/service.ts";
import { SteadyWriters } from "./steady-writers.ts";

describe.skipIf(!hasRealPostgres())("what was acknowledged", () => {
  it("survives kill -9 of the service at 20 points of a stream and of unary adds", { timeout: 600_000 }, async () => {
    const { databaseUrl, drop } = await createTestDatabase();
    const database = { databaseUrl, dataDirectory: "" };
    const writers = new SteadyWriters();
    const random = randomNumbers(20);
    for (let kill = 0; kill < 20; kill++) {
      await using service = await startService({ database });
      const before = writers.acknowledged;
      const stop = new AbortController();
      const writing = writers.write(service, stop.signal);
      while (writers.acknowledged === before) await sleep(5);
      await sleep(random() * 300);
      await service.kill("SIGKILL");
      stop.abort();
      await writing;
    }
    const acknowledged = writers.acknowledged;
    await using service = await startService({ database });
    const clients = connectTo(service);
    // What a killed process was embedding is taken by another when its lease has run out.
    const stored = await writers.verify(clients);
    clients.close();
    console.log(
      `20 kills: ${acknowledged} documents acknowledged, ${stored.documents} stored once each, ${stored.chunks} chunks with vectors`,
    );
    expect(stored.documents).toBeGreaterThanOrEqual(acknowledged);
    await service.stop();
    await drop();
  });

  it("survives an immediate stop of the database, whose service goes on when it is back", { timeout: 600_000 }, async () => {
    const server = await startPostgresFromWheel(["max_connections=50"]);
    try {
      await using service = await startService({ database: { databaseUrl: server.url, dataDirectory: "" } });
      const writers = new SteadyWriters();
      const stop = new AbortController();
      const writing = writers.write(service, stop.signal);
      for (let crash = 0; crash < 5; crash++) {
        const before = writers.acknowledged;
        while (writers.acknowledged === before) await sleep(5);
        await sleep(200 + 50 * crash);
        await server.crash();
        await sleep(300);
        await server.restart();
      }
      const before = writers.acknowledged;
      while (writers.acknowledged === before) await sleep(5);
      stop.abort();
      await writing;
      const clients = connectTo(service);
      const stored = await writers.verify(clients);
      clients.close();
      console.log(
        `5 crashes of PostgreSQL: ${writers.acknowledged} documents acknowledged, ${stored.documents} stored once each`,
      );
      expect(stored.documents).toBeGreaterThanOrEqual(writers.acknowledged);
    } finally {
      await server.stop();
    }
  });
});
