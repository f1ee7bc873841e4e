import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorOf, factsOf } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { connectTo, type Protocol } from "../support/rpc-clients.ts";
import { useService } from "../support/use-service.ts";

/** 10,000,000 code points of one to four bytes, in long words, so that there are few chunks; no two places look alike. */
const content = Array.from(
  { length: 2_500 },
  (_, index) => `${String(index).padStart(4, "0")}🎈${(index % 4 === 0 ? "é" : "x").repeat(3_994)} `,
).join("");
const characters = Array.from(content);

/** The clients of this file take 4 MiB at most, as gRPC clients do by default: a larger reply fails its test. */
describe.each(testDatabases())("reading on $name", (kind) => {
  const running = useService(kind);
  const ownerId = newOwner();
  const key = { case: "idAtOrigin" as const, value: "large" };

  beforeAll(async () => {
    await running().memory.addDocument({ ownerId, idAtOrigin: "large", content }, { timeoutMs: 120_000 });
  }, 180_000);
  afterAll(() => running().memory.deleteDocument({ ownerId, key }));

  test("a document that no reply can hold points to the way to read it", async () => {
    for (const include of [{ includeContent: true }, { includeChunks: true }]) {
      const error = await errorOf(running().memory.getDocument({ ownerId, key, ...include }));
      expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "REPLY_TOO_LARGE" });
      expect(error.message).toMatch(/ReadDocument.*GetChunks/);
    }
  });

  test.each(["gRPC", "Connect over HTTP/1.1"] as const satisfies Protocol[])(
    "streams ten million characters over %s",
    async (protocol) => {
      const client = connectTo(running().service, protocol);
      try {
        const pieces: string[] = [];
        let next = 0;
        let documents = 0;
        for await (const piece of client.memory.readDocument({ ownerId, key })) {
          expect(piece.charStart).toBe(next);
          next += Array.from(piece.content).length;
          pieces.push(piece.content);
          if (piece.document) documents++;
        }
        expect(pieces.join("") === content).toBe(true);
        expect([documents, next]).toEqual([1, characters.length]);
        expect(pieces.length).toBeGreaterThan(200);
      } finally {
        client.close();
      }
    },
  );

  test("gives any range of it", async () => {
    for (const [charStart, charEnd] of [
      [0, 10],
      [4_321_987, 4_400_001],
      [9_999_990, 20_000_000],
      [10_000_000, 10_000_001],
    ] as const) {
      let text = "";
      for await (const piece of running().memory.readDocument({ ownerId, key, charStart, charEnd })) text += piece.content;
      expect(text === characters.slice(charStart, charEnd).join("")).toBe(true);
    }
  });

  test("a caller that goes away in mid-stream ends the reading, and the service goes on", async () => {
    const { memory, service } = running();
    const caller = new AbortController();
    const before = await servedSegments(service.httpAddress);
    let received = 0;
    const failure = await (async () => {
      for await (const _ of memory.readDocument({ ownerId, key }, { signal: caller.signal }))
        if (++received === 3) caller.abort();
      return undefined;
    })().catch(factsOf);
    expect(failure).toMatchObject({ code: "CANCELLED" });
    await expect.poll(() => cancelledReads(service.httpAddress), { timeout: 10_000 }).toBeGreaterThan(0);
    // What had been read ahead is bounded by the flow control of HTTP/2; it is far from the whole text.
    await sleep(200);
    expect((await servedSegments(service.httpAddress)) - before).toBeLessThan(150);
    expect(await memory.getDocument({ ownerId, key })).toMatchObject({ document: { idAtOrigin: "large" } });
  });

  test("a caller that does not read makes the service wait, and a change in between is told", async () => {
    const { memory, service } = running();
    const mine = newOwner();
    await memory.addDocument({ ownerId: mine, idAtOrigin: "large", content: content.slice(0, 4_000_000) });
    const before = await servedSegments(service.httpAddress);
    const pieces = memory.readDocument({ ownerId: mine, key })[Symbol.asyncIterator]();
    await pieces.next();
    await sleep(500);
    expect((await servedSegments(service.httpAddress)) - before).toBeLessThan(100);
    await memory.addDocument({ ownerId: mine, idAtOrigin: "large", content: "another text" });
    const error = await errorOf(
      (async () => {
        while (!(await pieces.next()).done);
      })(),
    );
    expect(error).toMatchObject({ code: "ABORTED", reason: "DOCUMENT_CHANGED" });
  });

  test("all chunks come in pages that fit, and by their ids with what is around them", async () => {
    const { memory } = running();
    const found: string[] = [];
    let pageToken = "";
    do {
      const page = await memory.getChunks({
        ownerId,
        key,
        contextWindow: 1,
        includeParentContext: true,
        pageSize: 500,
        pageToken,
      });
      for (const { chunk } of page.chunks) found.push(chunk?.content ?? "");
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(found.length).toBeGreaterThan(1_000);
    // Leaves may overlap; each begins where its range says.
    const { chunks } = await memory.getChunks({ ownerId, key, chunkIndexStart: 1_000, chunkIndexEnd: 1_003 });
    for (const { chunk } of chunks) {
      expect(chunk?.content).toBe(characters.slice(chunk?.charStart, chunk?.charEnd).join(""));
      expect(chunk?.content).toBe(found[chunk?.chunkIndex ?? -1]);
    }
    const missing = randomUUID();
    const chunkIds = [missing, chunks[1]?.chunk?.chunkId ?? ""];
    const byId = await memory.getChunks({ ownerId, chunkIds, contextWindow: 1, includeParentContext: true });
    expect(byId).toMatchObject({ missingChunkIds: [missing], chunks: [{ chunk: { chunkIndex: 1_001 } }] });
    expect(byId.chunks[0]?.neighbors.map((neighbor) => neighbor.chunkIndex)).toEqual([1_000, 1_002]);
    const parent = byId.chunks[0]?.parent;
    expect(parent?.content).toBe(characters.slice(parent?.charStart, parent?.charEnd).join(""));
  });

  test.each([
    ["neither ids nor a document", {}],
    ["both ids and a document", { chunkIds: [randomUUID()], key }],
    ["ids with a range", { chunkIds: [randomUUID()], chunkIndexStart: 1 }],
    ["an id that is none", { chunkIds: ["x"] }],
    ["too large a window", { key, contextWindow: 11 }],
  ])("chunks are not asked for by %s", async (_name, request) => {
    expect(await errorOf(running().memory.getChunks({ ownerId, ...request }))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("a range that ends before it begins is refused, and a document that does not exist is not found", async () => {
    const { memory } = running();
    const read = async (request: Parameters<typeof memory.readDocument>[0]) => {
      for await (const _ of memory.readDocument(request));
    };
    expect(await errorOf(read({ ownerId, key, charStart: 2, charEnd: 1 }))).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(await errorOf(read({ ownerId: newOwner(), key }))).toMatchObject({ code: "NOT_FOUND", reason: "NOT_FOUND" });
    expect(await errorOf(memory.getChunks({ ownerId: newOwner(), key }))).toMatchObject({ code: "NOT_FOUND" });
  });
});

/** How many segments of texts the service has read. */
async function servedSegments(httpAddress: string): Promise<number> {
  const metrics = await (await fetch(`http://${httpAddress}/metrics`)).text();
  return Number(/^\S+_count\{[^}]*query_type="read_segment"[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? 0);
}

/** How many streams of ReadDocument have ended with CANCELLED. */
async function cancelledReads(httpAddress: string): Promise<number> {
  const metrics = await (await fetch(`http://${httpAddress}/metrics`)).text();
  const line = metrics
    .split("\n")
    .find((text) => /^grpc_server_handled_total/.test(text) && /ReadDocument/.test(text) && /"Cancel+ed"/.test(text));
  return Number(line?.split(" ").at(-1) ?? 0);
}

function newOwner(): string {
  return `owner-${randomUUID()}`;
}
