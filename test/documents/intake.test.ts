import { describe, expect, it } from "vitest";
import { addDocument } from "../../src/documents/add-document.ts";
import { Intake } from "../../src/documents/intake.ts";
import { LimitExceededError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { findDocument } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { embedWaiting } from "../support/test-storage.ts";

describe.each(testDatabases())("what the service takes in on $name", (kind) => {
  const deps = useDocuments(kind);

  it("shrinks with the queue, from half its bound on, down to one item, and grows again", async () => {
    const intake = await newIntake(1_000);
    const items: number[] = [];
    for (const jobs of [0, 500, 250, 125, 120, 5, 1]) {
      intake.added(jobs);
      items.push(intake.window.items);
    }
    expect(items).toEqual([128, 128, 64, 32, 1, 1, 1]);
    // What the process counted itself is replaced by what is stored.
    await intake.count();
    expect(intake.window.items).toBe(128);
  });

  it("lets a stream have bytes in the same proportion, and never less than a batch", async () => {
    const intake = await newIntake(1_000);
    expect(intake.window.bytes).toBe(limits.streamWindowBytes);
    intake.added(750);
    expect(intake.window).toEqual({ items: 64, bytes: limits.streamWindowBytes / 2 });
    intake.added(250);
    expect(intake.window).toEqual({ items: 1, bytes: limits.streamBatchBytesMax });
  });

  it("divides memory among the streams that are open", async () => {
    const intake = await newIntake(1_000);
    const close = Array.from({ length: 8 }, () => intake.openStream());
    expect(intake.window).toEqual({ items: 128, bytes: limits.streamsBytesMax / 8 });
    for (const closeOne of close) closeOne();
    expect(intake.window.bytes).toBe(limits.streamWindowBytes);
  });

  it("refuses more streams than may be open", async () => {
    const intake = await newIntake(1_000);
    const close = Array.from({ length: limits.streamsOpenMax }, () => intake.openStream());
    expect(() => intake.openStream()).toThrow(LimitExceededError);
    close[0]?.();
    intake.openStream();
  });

  it("refuses an add while the queue is full, with nothing stored, and takes it once there is room", async () => {
    await embedWaiting(deps());
    const intake = await newIntake(3);
    const full = { ...deps(), intake };
    for (let count = 0; count < 3; count++) await addDocument(full, newDocument(), "committed", never);
    const refused = newDocument();
    const adding = addDocument(full, refused, "committed", never);
    await expect(adding).rejects.toThrow(LimitExceededError);
    await expect(adding).rejects.toMatchObject({ reason: "EMBEDDING_QUEUE_FULL" });
    const error: LimitExceededError = await adding.catch((thrown) => thrown);
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(limits.embeddingQueueRetryMsMin);
    expect(error.retryAfterMs).toBeLessThanOrEqual(limits.embeddingQueueRetryMsMax);
    expect(await findDocument(deps().database, refused, new Date())).toBeUndefined();
    // What other processes see, too.
    const another = await newIntake(3);
    expect(another.isFull).toBe(true);
    await embedWaiting(deps());
    await intake.count();
    await addDocument(full, refused, "committed", never);
    expect(await findDocument(deps().database, refused, new Date())).toBeDefined();
  });

  async function newIntake(queueMax: number): Promise<Intake> {
    const intake = new Intake(deps(), { queueMax });
    await intake.count();
    return intake;
  }
});
