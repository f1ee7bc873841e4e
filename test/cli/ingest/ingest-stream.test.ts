import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectToService, type ServiceConnection } from "../../../src/cli/client/service-connection.ts";
import type { IngestSource } from "../../../src/cli/ingest/ingest-connection.ts";
import { runIngestStream } from "../../../src/cli/ingest/ingest-stream.ts";
import { IngestServer } from "./ingest-server.ts";

let server: IngestServer;
let service: ServiceConnection;
let delays: number[];
let durable: number[];
let failed: string[];
let indexed: number[];

beforeEach(async () => {
  server = await IngestServer.start();
  service = connectToService(server.address);
  delays = [];
  durable = [];
  failed = [];
  indexed = [];
});

afterEach(async () => {
  service.close();
  await server[Symbol.asyncDispose]();
});

describe("an ingest stream", () => {
  it("stores every document once, in order, without exceeding the window", async () => {
    await run(documents(40));
    expect(storedIds()).toEqual(ids(40));
    expect(server.received).toEqual(sequences(1, 40));
    expect(server.violations).toEqual([]);
  });

  it("keeps within the window's bytes and still sends a document that is larger than the window", async () => {
    server.window = { items: 100, bytes: 3_000n };
    await run(documents(12, { 5: "x".repeat(10_000) }));
    expect(server.documents.size).toBe(12);
    expect(server.violations).toEqual([]);
  });

  it("follows the window when it shrinks on the way, and when it grows again", async () => {
    server.windows.set(5, { items: 1, bytes: 1_000_000n });
    server.windows.set(15, { items: 10, bytes: 1_000_000n });
    await run(documents(40));
    expect(storedIds()).toEqual(ids(40));
    expect(server.violations).toEqual([]);
    expect(server.mostInFlight(7, 15)).toBe(1);
    expect(server.mostInFlight(20, 40)).toBeGreaterThan(1);
  });

  it("tells how far vector search finds everything", async () => {
    await run(documents(9));
    // How many positions come on the way depends on what arrives together.
    expect(indexed).toEqual([...new Set(indexed)].sort((left, right) => left - right));
    expect(indexed.at(-1)).toBe(9);
  });

  it("goes on after the durable position when the connection breaks", async () => {
    server.scripts.push({ breakAt: 8 }, { breakAt: 15 });
    await run(documents(30));
    expect(storedIds()).toEqual(ids(30));
    expect(server.violations).toEqual([]);
    expect(server.streamIds).toEqual(["stream", "stream", "stream"]);
    expect(delays).toHaveLength(2);
  });

  it("waits as long as the service asks for when it drains, then goes on", async () => {
    server.scripts.push({ drainAt: 5 });
    await run(documents(10));
    expect(storedIds()).toEqual(ids(10));
    expect(server.violations).toEqual([]);
    expect(delays).toEqual([1]);
  });

  it("sends nothing when an earlier run has made everything durable", async () => {
    expect(await run(documents(5))).toEqual({ resumedAt: 0 });
    server.received.length = 0;
    expect(await run(documents(5))).toEqual({ resumedAt: 5 });
    expect(server.received).toEqual([]);
  });

  it("reports failures and acknowledges them, and the stream goes on", async () => {
    await run(documents(9, { 2: "", 9: "" }));
    expect(failed).toEqual(["document-2", "document-9"]);
    expect(server.acknowledged).toEqual([9]);
    expect(server.documents.size).toBe(7);
  });

  it("acknowledges failures on the way, before so many come together that the service ends the stream", async () => {
    const empty = Object.fromEntries(sequences(1, 1_200).map((sequence) => [sequence, ""]));
    server.window = { items: 100, bytes: 1_000_000n };
    server.batchItems = 50;
    await run(documents(1_200, empty));
    expect(failed).toHaveLength(1_200);
    expect(server.acknowledged.length).toBeGreaterThanOrEqual(8);
    expect(server.acknowledged.at(-1)).toBe(1_200);
  });

  it("fails at once when the service was never reached", async () => {
    await server[Symbol.asyncDispose]();
    await expect(run(documents(1))).rejects.toMatchObject({ code: Code.Unavailable });
    expect(delays).toEqual([]);
    server = await IngestServer.start();
  });

  it("gives up after several connections without progress", async () => {
    server.scripts.push(...sequences(1, 20).map(() => ({ breakAt: 1 })));
    await expect(run(documents(3))).rejects.toBeInstanceOf(ConnectError);
    expect(delays).toHaveLength(10);
  });

  it("does not come back when another client has taken the stream over", async () => {
    server.scripts.push({ refuse: new ConnectError("epoch 2 is newer", Code.Aborted) });
    await expect(run(documents(3))).rejects.toThrow("another llmemory ingests the same folder");
    expect(delays).toEqual([]);
  });

  it("stops at the signal, and what was durable stays", async () => {
    const interrupt = new AbortController();
    const source = documents(20);
    const interrupted: IngestSource = {
      count: source.count,
      documentAt: (sequence, signal) => {
        if (sequence === 10) interrupt.abort();
        return source.documentAt(sequence, signal);
      },
    };
    await expect(run(interrupted, interrupt.signal)).rejects.toThrow();
    await run(source);
    expect(storedIds()).toEqual(ids(20));
    expect(server.violations).toEqual([]);
  });
});

async function run(source: IngestSource, signal = new AbortController().signal): Promise<{ resumedAt: number }> {
  const sleep = async (milliseconds: number) => {
    delays.push(milliseconds);
  };
  const events = {
    onDurable: (upToSequence: number) => durable.push(upToSequence),
    onIndexed: (upToSequence: number) => indexed.push(upToSequence),
    onFailures: (failures: readonly { idAtOrigin: string }[]) => failed.push(...failures.map(({ idAtOrigin }) => idAtOrigin)),
    onReconnect: () => {},
  };
  return runIngestStream({ memory: service.memory, sleep }, { ownerId: "owner", streamId: "stream", source }, events, signal);
}

function documents(count: number, contents: Readonly<Record<number, string>> = {}): IngestSource {
  return {
    count,
    documentAt: async (sequence) => ({ idAtOrigin: `document-${sequence}`, content: contents[sequence] ?? "text ".repeat(100) }),
  };
}

function sequences(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function ids(count: number): string[] {
  return sequences(1, count).map((sequence) => `document-${sequence}`);
}

function storedIds(): string[] {
  return [...server.documents.keys()];
}
