import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { CancelledError, LimitExceededError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { testDatabases } from "../support/databases.ts";
import { useDocuments } from "../support/document-deps.ts";
import { allOf, badItem, ingest, item, newStream, openSession, sequences } from "./ingest-items.ts";

describe.each(testDatabases())("what an ingest stream holds on $name", (kind) => {
  const deps = useDocuments(kind);

  it.each([
    { what: "items", room: limits.streamWindowItems - 1, sizeBytes: 1 },
    { what: "bytes", room: 3, sizeBytes: limits.streamWindowBytes / 4 },
  ])("is bounded in $what: the reader waits until there is room again", async ({ room, sizeBytes }) => {
    const key = newStream();
    const session = await openSession(deps(), key);
    for (const sequence of sequences(1, room)) await session.offer(item(key, sequence, { sizeBytes }));
    let hasRoom = false;
    const offering = session.offer(item(key, room + 1, { sizeBytes })).then(() => {
      hasRoom = true;
    });
    await sleep(30);
    expect(hasRoom).toBe(false);
    const progress = session.progress();
    const first = await progress.next();
    expect(first.value?.durableUpTo).toBeGreaterThan(0);
    await offering;
    session.finish();
    expect((await allOf(progress)).at(-1)?.durableUpTo).toBe(room + 1);
  });

  it("is committed in groups of bounded items and bytes", async () => {
    const key = newStream();
    const many = await openSession(deps(), key);
    for (const sequence of sequences(1, 70)) await many.offer(item(key, sequence));
    many.finish();
    expect((await allOf(many.progress())).map((step) => step.durableUpTo)).toEqual([32, 64, 70]);
    const large = await openSession(deps(), key);
    const sizeBytes = limits.streamBatchBytesMax / 2;
    for (const sequence of sequences(71, 75)) await large.offer(item(key, sequence, { sizeBytes }));
    large.finish();
    expect((await allOf(large.progress())).map((step) => step.durableUpTo)).toEqual([72, 74, 75]);
  });

  it("takes an item that is larger than a group alone", async () => {
    const key = newStream();
    const items = [item(key, 1), item(key, 2, { sizeBytes: limits.streamBatchBytesMax * 3 }), item(key, 3)];
    const progress = await ingest(await openSession(deps(), key), items);
    expect(progress.map((step) => step.durableUpTo)).toEqual([1, 2, 3]);
  });

  it("is let go when nobody reads what has become durable any more", async () => {
    const key = newStream();
    const session = await openSession(deps(), key);
    for (const sequence of sequences(1, limits.streamWindowItems - 1)) await session.offer(item(key, sequence));
    const offering = session.offer(item(key, limits.streamWindowItems));
    session.finish();
    await offering;
  });

  it("ends with the caller, on both sides", async () => {
    const key = newStream();
    const caller = new AbortController();
    const session = await openSession(deps(), key, caller.signal);
    const reading = expect(session.progress().next()).rejects.toThrow(CancelledError);
    caller.abort();
    await reading;
    for (const sequence of sequences(1, limits.streamWindowItems + 5)) await session.offer(item(key, sequence));
    expect((await openSession(deps(), key)).opened.durableUpTo).toBe(0);
  });

  it("keeps failures until they are acknowledged, over any number of connections", async () => {
    const key = newStream();
    await ingest(await openSession(deps(), key), [badItem(1), item(key, 2), badItem(3)]);
    const second = await openSession(deps(), key);
    expect(second.opened.failures.map((failure) => failure.sequence)).toEqual([1, 3]);
    await second.acknowledge(1);
    const third = await openSession(deps(), key);
    expect(third.opened.failures.map((failure) => failure.sequence)).toEqual([3]);
    await third.acknowledge(3);
    expect((await openSession(deps(), key)).opened).toEqual({ durableUpTo: 3, failures: [] });
  });

  it("stops taking items while too many failures have not been acknowledged, loses none, and goes on after the acknowledgement", async () => {
    const key = newStream();
    const max = limits.streamFailuresMax;
    const tooMany = ingestFailures(await openSession(deps(), key), sequences(1, max + 200));
    await expect(tooMany).rejects.toThrow(LimitExceededError);
    await expect(tooMany).rejects.toMatchObject({ reason: "UNACKNOWLEDGED_FAILURES" });
    const second = await openSession(deps(), key);
    const { durableUpTo, failures } = second.opened;
    // Each failure up to the position is there: a client that acknowledges the position has seen them all.
    expect(failures.map((failure) => failure.sequence)).toEqual(sequences(1, durableUpTo));
    expect(durableUpTo).toBeGreaterThan(max);
    expect(durableUpTo).toBeLessThanOrEqual(max + limits.streamBatchItemsMax);
    // Opening again and again does not let the failures grow.
    await expect(ingestFailures(second, [durableUpTo + 1])).rejects.toThrow(LimitExceededError);
    const third = await openSession(deps(), key);
    expect(third.opened.durableUpTo).toBe(durableUpTo);
    await third.acknowledge(durableUpTo);
    expect((await ingest(third, [item(key, durableUpTo + 1)])).at(-1)).toEqual({ durableUpTo: durableUpTo + 1, failures: [] });
  });

  /** The same as `ingest`, for a stream that ends early: the reader is let go with it. */
  async function ingestFailures(session: Awaited<ReturnType<typeof openSession>>, all: readonly number[]) {
    const reading = (async () => {
      for (const sequence of all) await session.offer(badItem(sequence));
    })();
    try {
      for await (const { durableUpTo } of session.progress()) if (durableUpTo === all.at(-1)) return;
    } finally {
      session.finish();
      await reading;
    }
  }
});
