import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import { describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { IndexedPosition } from "../../src/documents/indexed-position.ts";
import { limits } from "../../src/domain/limits.ts";
import { claimJobs, failJobs } from "../../src/storage/embedding-jobs.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { embedWaiting, newOwner } from "../support/test-storage.ts";
import { allOf, ingest, item, newStream, openSession, type StreamKey, sequences } from "./ingest-items.ts";

describe.each(testDatabases())("the indexed position of a stream on $name", (kind) => {
  const deps = useDocuments(kind);

  it("moves only once the vectors up to it are stored", async () => {
    const ownerId = newOwner();
    const position = new IndexedPosition(deps(), ownerId);
    const changes = position.changes(never);
    await addTo(ownerId);
    position.add(1, uuidV7());
    const first = changes.next();
    await expect(Promise.race([first, settled("waits", 100)])).resolves.toBe("waits");
    await embedWaiting(deps());
    await addTo(ownerId);
    position.add(2, uuidV7());
    expect((await first).value).toEqual({ indexedUpTo: 1, deadChunks: 0 });
    position.end();
    await embedWaiting(deps());
    deps().jobsSettled.notify();
    expect(await allOf(changes)).toEqual([{ indexedUpTo: 2, deadChunks: 0 }]);
  });

  it("says how many chunks never will be found by vectors", async () => {
    const ownerId = newOwner();
    await addTo(ownerId);
    await killJobs();
    const position = new IndexedPosition(deps(), ownerId);
    position.add(7, uuidV7());
    position.end();
    expect(await allOf(position.changes(never))).toEqual([{ indexedUpTo: 7, deadChunks: 1 }]);
  });

  it("ends with the signal, though chunks wait", async () => {
    const ownerId = newOwner();
    await addTo(ownerId);
    const position = new IndexedPosition(deps(), ownerId);
    position.add(1, uuidV7());
    const stop = new AbortController();
    const all = allOf(position.changes(stop.signal));
    await settled("", 30);
    stop.abort();
    expect(await all).toEqual([]);
    await embedWaiting(deps());
  });

  it("holds a bounded number of positions, and misses none at the end", async () => {
    const ownerId = newOwner();
    await addTo(ownerId);
    const position = new IndexedPosition(deps(), ownerId);
    const count = 3 * limits.streamIndexedStepsMax;
    for (const sequence of sequences(1, count)) position.add(sequence, uuidV7());
    position.end();
    await embedWaiting(deps());
    expect((await allOf(position.changes(never))).at(-1)?.indexedUpTo).toBe(count);
  });

  it("is that of a stream: behind its durable position until all is embedded", async () => {
    const key = newStream();
    const session = await openSession(deps(), key);
    const items = sequences(1, 50).map((sequence) => item(key, sequence));
    expect((await ingest(session, items)).at(-1)?.durableUpTo).toBe(50);
    await embedWaiting(deps());
    expect((await allOf(session.indexed(never))).at(-1)).toEqual({ indexedUpTo: 50, deadChunks: 0 });
  });

  it("tells a new connection of what earlier ones stored", async () => {
    const key = newStream();
    await ingest(await openSession(deps(), key), [item(key, 1), item(key, 2)]);
    await expectIndexedOnlyAfterEmbedding(key, 2, []);
  });

  it("waits for the vectors of a document that was stored before, just so, by another clock that goes ahead", async () => {
    const key = newStream();
    const document = item(key, 1);
    await ingest(await openSession(deps(), { ...key, streamId: "another" }), [document]);
    const ahead = "ffffffff-0000-7000-8000-000000000000";
    const { database } = deps();
    await database.query("move_job", "update embedding_jobs set chunk_id = $2 where owner_id = $1", [key.ownerId, ahead]);
    await database.query("move_chunk", "update document_chunks set chunk_id = $2 where owner_id = $1", [key.ownerId, ahead]);
    await expectIndexedOnlyAfterEmbedding(key, 1, [document]);
  });

  async function expectIndexedOnlyAfterEmbedding(key: StreamKey, upTo: number, items: Parameters<typeof ingest>[1]) {
    const session = await openSession(deps(), key);
    await ingest(session, items);
    const all = allOf(session.indexed(never));
    await expect(Promise.race([all, settled("waits", 100)])).resolves.toBe("waits");
    await embedWaiting(deps());
    expect(await all).toEqual([{ indexedUpTo: upTo, deadChunks: 0 }]);
  }

  async function addTo(ownerId: string): Promise<void> {
    await addDocuments(deps(), [newDocument({ ownerId })], never);
  }

  function settled<T>(value: T, afterMs: number): Promise<T> {
    return new Promise((resolve) => setTimeout(resolve, afterMs, value));
  }

  async function killJobs(): Promise<void> {
    const lease = { leaseId: randomUUID(), modelId: deps().table.modelId };
    const now = new Date();
    const jobs = await claimJobs(deps().database, lease, { count: 100, now, leaseUntil: new Date(now.getTime() + 60_000) });
    await failJobs(
      deps().database,
      lease,
      jobs.map((job) => ({ job, retryAt: undefined, error: "INTERNAL" })),
      now,
    );
  }
});
