import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { errorOf, statusFacts } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { connectTo } from "../support/rpc-clients.ts";
import { startService } from "../support/service.ts";
import { type ServiceInUse, useService } from "../support/use-service.ts";
import { IngestClient } from "./ingest-client.ts";

const streamId = "notes";

describe.each(testDatabases())("ingesting on $name", (kind) => {
  const running = useService(kind);

  test("begins with the position and the window, and a position is sent only after its documents are stored", async () => {
    const { memory } = running();
    const ownerId = newOwner();
    const stream = new IngestClient(memory);
    stream.open({ ownerId, streamId });
    expect(await stream.next()).toMatchObject({ case: "durable", value: { upToSequence: 0n, failures: [] } });
    expect(await stream.next()).toMatchObject({ case: "window", value: { items: 128, bytes: 16_777_216n } });
    for (let sequence = 1n; sequence <= 40n; sequence++) {
      stream.item(sequence, { idAtOrigin: `${sequence}`, content: `note ${sequence}` });
    }
    for (let upToSequence = 0n; upToSequence < 40n; ) {
      ({ upToSequence } = await stream.nextDurable());
      // Another connection sees what was committed, and nothing less than the position says.
      const stored = await idsOf(running(), ownerId);
      for (let sequence = 1n; sequence <= upToSequence; sequence++) expect(stored).toContain(String(sequence));
    }
    expect(await stream.end()).toBeUndefined();
    expect(await idsOf(running(), ownerId)).toHaveLength(40);
  });

  test("a bad item fails under its own sequence with all that is wrong, and the rest is stored", async () => {
    const ownerId = newOwner();
    const stream = new IngestClient(running().memory);
    stream.open({ ownerId, streamId });
    stream.item(1n, { idAtOrigin: "good/1", content: "tea" });
    stream.item(2n, { idAtOrigin: "bad/2", content: "", documentName: "x".repeat(501) });
    stream.item(3n, { idAtOrigin: "bad/3", ownerId: "someone-else", content: "tea" });
    stream.send({ message: { case: "item", value: { sequence: 4n } } });
    stream.item(5n, { idAtOrigin: "bad/5\0", content: "tea\0" });
    stream.item(6n, { idAtOrigin: "good/6", content: "tea" });
    const failures = await stream.durableUpTo(6n);
    expect(await stream.end()).toBeUndefined();
    const facts = failures.map(({ sequence, idAtOrigin, error }) => ({
      sequence,
      idAtOrigin,
      fields: statusFacts(error).fields,
    }));
    expect(facts).toEqual([
      { sequence: 2n, idAtOrigin: "bad/2", fields: ["content", "document_name"] },
      { sequence: 3n, idAtOrigin: "bad/3", fields: ["owner_id"] },
      { sequence: 4n, idAtOrigin: "", fields: ["document"] },
      { sequence: 5n, idAtOrigin: "bad/5", fields: ["content", "id_at_origin"] },
    ]);
    expect(failures.map(({ error }) => statusFacts(error).code)).toEqual(Array(4).fill("INVALID_ARGUMENT"));
    expect(await idsOf(running(), ownerId)).toEqual(["good/1", "good/6"]);
  });

  test("one key twice in one group is stored in order: the later one wins", async () => {
    const ownerId = newOwner();
    const stream = new IngestClient(running().memory);
    stream.open({ ownerId, streamId });
    stream.item(1n, { idAtOrigin: "tea", content: "first" });
    stream.item(2n, { idAtOrigin: "tea", content: "second" });
    await stream.durableUpTo(2n);
    expect(await stream.end()).toBeUndefined();
    const key = { case: "idAtOrigin" as const, value: "tea" };
    const found = await running().memory.getDocument({ ownerId, key, includeContent: true });
    expect(found).toMatchObject({ content: "second", document: { version: 2 } });
  });

  test("goes on after its position when the client was cut off, and skips what was stored", async () => {
    const ownerId = newOwner();
    const first = new IngestClient(running().memory);
    first.open({ ownerId, streamId });
    for (const sequence of [1n, 2n, 3n]) first.item(sequence, { idAtOrigin: `${sequence}`, content: `note ${sequence}` });
    await first.durableUpTo(3n);
    await first.cut();
    const second = new IngestClient(running().memory);
    second.open({ ownerId, streamId });
    expect((await second.nextDurable()).upToSequence).toBe(3n);
    // A client that did not see the position sends again.
    second.item(3n, { idAtOrigin: "3", content: "changed, and not looked at" });
    second.item(4n, { idAtOrigin: "4", content: "note 4" });
    await second.durableUpTo(4n);
    expect(await second.end()).toBeUndefined();
    const { documents } = await running().memory.listDocuments({ ownerId });
    expect(documents.map(({ idAtOrigin, version }) => `${idAtOrigin}@${version}`).toSorted()).toEqual([
      "1@1",
      "2@1",
      "3@1",
      "4@1",
    ]);
  });

  test("a second connection of a stream fences the first, which learns so at its next item", async () => {
    const ownerId = newOwner();
    const first = new IngestClient(running().memory);
    first.open({ ownerId, streamId });
    first.item(1n, { idAtOrigin: "1", content: "from the first" });
    await first.durableUpTo(1n);
    const second = new IngestClient(running().memory);
    second.open({ ownerId, streamId });
    expect((await second.nextDurable()).upToSequence).toBe(1n);
    first.item(2n, { idAtOrigin: "2", content: "from the first" });
    expect(await first.failure()).toMatchObject({ code: "ABORTED", reason: "STREAM_FENCED" });
    expect(await idsOf(running(), ownerId)).toEqual(["1"]);
    second.item(2n, { idAtOrigin: "2", content: "from the second" });
    await second.durableUpTo(2n);
    expect(await second.end()).toBeUndefined();
  });

  test("failures come again with each connection until they are acknowledged", async () => {
    const ownerId = newOwner();
    const first = new IngestClient(running().memory);
    first.open({ ownerId, streamId });
    for (const sequence of [1n, 2n, 3n]) first.item(sequence, { idAtOrigin: `${sequence}`, content: "" });
    expect(await first.durableUpTo(3n)).toHaveLength(3);
    await first.cut();

    const second = new IngestClient(running().memory);
    second.open({ ownerId, streamId });
    const again = await second.nextDurable();
    expect(again.failures.map(({ sequence, idAtOrigin }) => [sequence, idAtOrigin])).toEqual([
      [1n, "1"],
      [2n, "2"],
      [3n, "3"],
    ]);
    expect(statusFacts(again.failures[0]?.error)).toMatchObject({ code: "INVALID_ARGUMENT", fields: ["content"] });
    second.acknowledge(2n);
    expect(await second.end()).toBeUndefined();

    const third = new IngestClient(running().memory);
    third.open({ ownerId, streamId });
    expect((await third.nextDurable()).failures.map(({ sequence }) => sequence)).toEqual([3n]);
    third.acknowledge(3n);
    expect(await third.end()).toBeUndefined();
  });

  test.each([
    ["whose first message is an item", [item(1n)], ["message"]],
    ["whose first message is empty", [{}], ["message"]],
    ["that ends before it is open", [], ["message"]],
    ["that is opened twice", [open("a"), open("b")], ["message"]],
    [
      "opened without an owner or a name",
      [{ message: { case: "open" as const, value: {} } }],
      ["open.owner_id", "open.stream_id"],
    ],
    ["with a gap in its sequences", [open("a"), item(1n), item(3n)], ["item.sequence"]],
    ["with sequence 0", [open("a"), item(0n)], ["item.sequence"]],
  ])("a stream %s is refused", async (_name, requests, fields) => {
    const stream = new IngestClient(running().memory);
    for (const request of requests) stream.send(withOwner(request, `gap-${randomUUID()}`));
    expect(await stream.end()).toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_INPUT", fields });
  });

  test("what came before a gap is stored all the same", async () => {
    const ownerId = newOwner();
    const stream = new IngestClient(running().memory);
    stream.open({ ownerId, streamId });
    stream.item(1n, { idAtOrigin: "1", content: "before" });
    stream.item(3n, { idAtOrigin: "3", content: "after" });
    expect(await stream.end()).toMatchObject({ code: "INVALID_ARGUMENT", fields: ["item.sequence"] });
    expect(await idsOf(running(), ownerId)).toEqual(["1"]);
  });

  test("more than the window at once is held back, not lost", async () => {
    const ownerId = newOwner();
    const stream = new IngestClient(running().memory);
    stream.open({ ownerId, streamId });
    for (let sequence = 1n; sequence <= 300n; sequence++) stream.item(sequence, { idAtOrigin: `${sequence}`, content: "tea" });
    await stream.durableUpTo(300n);
    expect(await stream.end()).toBeUndefined();
    expect(await running().admin.getOwnerStatistics({ ownerId })).toMatchObject({ documentCount: 300n });
  });
});

describe.each(testDatabases())("an ingest stream and the vectors on $name", (kind) => {
  const running = useService(kind);

  test("tells up to where vector search finds everything, and waits for all of it if asked to", async () => {
    const ownerId = newOwner();
    const stream = new IngestClient(running().memory);
    stream.open({ ownerId, streamId, waitUntil: WaitUntil.SEARCHABLE });
    for (let sequence = 1n; sequence <= 100n; sequence++) {
      stream.item(sequence, { idAtOrigin: `${sequence}`, content: `note ${sequence} of tea` });
    }
    const replies = await stream.endReading();
    const durable = replies.flatMap((reply) => (reply.case === "durable" ? [reply.value.upToSequence] : []));
    const indexed = replies.flatMap((reply) => (reply.case === "indexed" ? [reply.value] : []));
    expect(durable.at(-1)).toBe(100n);
    expect(indexed.at(-1)).toMatchObject({ upToSequence: 100n, deadChunks: 0 });
    expect(indexed.map(({ upToSequence }) => upToSequence)).toEqual(
      indexed.map(({ upToSequence }) => upToSequence).toSorted(byValue),
    );
    expect(await running().admin.getOwnerStatistics({ ownerId })).toMatchObject({
      embeddedChunkCount: 100n,
      embeddingsPending: 0n,
    });
  });

  test("tells a new connection what earlier ones have stored", async () => {
    const ownerId = newOwner();
    const first = new IngestClient(running().memory);
    first.open({ ownerId, streamId });
    for (const sequence of [1n, 2n]) first.item(sequence, { idAtOrigin: `${sequence}`, content: "tea" });
    await first.durableUpTo(2n);
    expect(await first.end()).toBeUndefined();
    const second = new IngestClient(running().memory);
    second.open({ ownerId, streamId, waitUntil: WaitUntil.SEARCHABLE });
    const replies = await second.endReading();
    expect(replies.at(-1)).toMatchObject({ case: "indexed", value: { upToSequence: 2n } });
  });
});

describe.each(testDatabases())("the embedding queue at its bound on $name", (kind) => {
  // Nobody embeds, so that the queue stays as it is.
  const running = useService(kind, { LLMEMORY_EMBEDDING_QUEUE_MAX: "8", LLMEMORY_EMBED_IN_SERVE: "false" });

  test("makes the window of a stream shrink, refuses adds, stores a stream's items all the same, and lets the window grow again", async () => {
    const { memory, admin } = running();
    const ownerId = newOwner();
    const stream = new IngestClient(memory);
    stream.open({ ownerId, streamId });
    for (let sequence = 1n; sequence <= 8n; sequence++) stream.item(sequence, { idAtOrigin: `${sequence}`, content: "tea" });
    expect((await stream.nextWindow()).items).toBe(128);
    let window = await stream.nextWindow();
    while (window.items > 1) window = await stream.nextWindow();
    expect(await admin.getEmbeddingQueue({})).toMatchObject({ totalSize: 8n });

    const refused = { ownerId, idAtOrigin: "refused", content: "tea" };
    const adding = memory.addDocument(refused);
    expect(await errorOf(adding)).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "EMBEDDING_QUEUE_FULL" });
    const retryInfo = await adding.catch((error: unknown) => ConnectError.from(error).findDetails(RetryInfoSchema)[0]);
    expect(retryInfo).toMatchObject({ retryDelay: { seconds: expect.any(BigInt) } });
    expect(await errorOf(memory.batchAddDocuments({ documents: [refused] }))).toMatchObject({ reason: "EMBEDDING_QUEUE_FULL" });
    expect(await idsOf(running(), ownerId)).not.toContain("refused");

    // A client that does not look at its window is slowed down, not refused.
    for (let sequence = 9n; sequence <= 11n; sequence++) stream.item(sequence, { idAtOrigin: `${sequence}`, content: "tea" });
    await stream.durableUpTo(11n);

    for (const idAtOrigin of await idsOf(running(), ownerId)) {
      await memory.deleteDocument({ ownerId, key: { case: "idAtOrigin", value: idAtOrigin } });
    }
    expect((await stream.nextWindow()).items).toBe(128);
    expect(await stream.end()).toBeUndefined();
    expect(await memory.addDocument(refused)).toMatchObject({ chunksCreated: 1 });
  });
});

describe.each(testDatabases())("stopping during a stream on $name", ({ create }) => {
  test("tells the client to come back, commits what it has, ends with OK, and the next start goes on from there", async () => {
    const database = await create();
    const ownerId = newOwner();
    let upToSequence = 0n;
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      const stream = new IngestClient(clients.memory);
      stream.open({ ownerId, streamId });
      for (let sequence = 1n; sequence <= 100n; sequence++) stream.item(sequence, { idAtOrigin: `${sequence}`, content: "tea" });
      ({ upToSequence } = await stream.nextDurable());
      ({ upToSequence } = await stream.nextDurable());
      const stopped = service.stop();
      let isDraining = false;
      const readToEnd = async () => {
        for (;;) {
          const message = await stream.next();
          if (message.case === "drain") isDraining = Number(message.value.retryAfter?.seconds) > 0;
          if (message.case === "durable") ({ upToSequence } = message.value);
        }
      };
      await expect(readToEnd()).rejects.toThrow("the stream has ended");
      expect(isDraining).toBe(true);
      clients.close();
      expect(await stopped).toBe(0);
    }
    {
      await using service = await startService({ database });
      const clients = connectTo(service);
      expect(await clients.admin.getOwnerStatistics({ ownerId })).toMatchObject({ documentCount: upToSequence });
      const stream = new IngestClient(clients.memory);
      stream.open({ ownerId, streamId });
      expect((await stream.nextDurable()).upToSequence).toBe(upToSequence);
      expect(await stream.end()).toBeUndefined();
      clients.close();
    }
    await database.drop();
  });
});

function byValue(left: bigint, right: bigint): number {
  return Number(left - right);
}

function newOwner(): string {
  return `owner-${randomUUID()}`;
}

type Request = Parameters<IngestClient["send"]>[0];

function item(sequence: bigint): Request {
  return { message: { case: "item", value: { sequence, document: { content: "tea" } } } };
}

function open(name: string): Request {
  return { message: { case: "open", value: { ownerId: "owner", streamId: name } } };
}

/** Every test has an owner of its own, so that no stream has a position already. */
function withOwner(request: Request, ownerId: string): Request {
  if (request.message?.case !== "open" || !request.message.value.ownerId) return request;
  return { message: { case: "open", value: { ...request.message.value, ownerId } } };
}

async function idsOf({ memory }: ServiceInUse, ownerId: string): Promise<string[]> {
  const { documents } = await memory.listDocuments({ ownerId, pageSize: 500 });
  return documents.map(({ idAtOrigin }) => idAtOrigin).toSorted();
}
