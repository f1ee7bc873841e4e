import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { CancelledError, DependencyUnavailableError } from "../../src/domain/errors.ts";
import type { EmbeddingProvider, EmbeddingPurpose } from "../../src/embedding/embedding-provider.ts";
import { createLocalEmbedder } from "../../src/embedding/local-embedder.ts";

const never = new AbortController().signal;
const documents = Array.from(
  { length: 20 },
  (_, index) => `Parcels leave our warehouse every morning except Sunday, says note ${index}.`,
);

/** A thread as it was started, in order. */
interface StartedThread {
  readonly worker: Worker;
  readonly purpose: EmbeddingPurpose;
  embeddedCount: number;
}

let embedder: EmbeddingProvider | undefined;
let started: StartedThread[] = [];
/** Starts, by their number from 0, that get a model file that is not there. */
let failingStarts: readonly number[] = [];

/** One query thread (started 0) and one document thread (started 1), both real. */
async function createWatchedEmbedder(): Promise<EmbeddingProvider> {
  started = [];
  failingStarts = [];
  embedder = await createLocalEmbedder({
    workers: 1,
    onTruncated: () => {},
    startWorker: (file, settings, purpose) => {
      const fails = failingStarts.includes(started.length);
      const worker = new Worker(file, { workerData: fails ? { ...settings, modelFile: "/nowhere/model.onnx" } : settings });
      const thread: StartedThread = { worker, purpose, embeddedCount: 0 };
      worker.on("message", ({ kind }: { kind: string }) => {
        if (kind === "embedded") thread.embeddedCount++;
      });
      started.push(thread);
      return worker;
    },
  });
  return embedder;
}

afterEach(async () => {
  await embedder?.close();
  const stillRunning = started.filter(({ worker }) => worker.threadId !== -1);
  expect(stillRunning).toEqual([]);
});

/** Makes a real thread throw: it takes arrays of token ids. */
function crash(thread: StartedThread | undefined): void {
  thread?.worker.postMessage("not token ids");
}

describe("embedder threads", () => {
  it("fail the running text of a thread that crashes, and embed the next on a new one", async () => {
    const { embed } = await createWatchedEmbedder();
    crash(started[1]);
    const error = await embed(["one"], "document", never).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DependencyUnavailableError);
    expect(error).toMatchObject({ dependency: "embeddings" });
    expect(await embed(["two", "three"], "document", never)).toHaveLength(2);
    expect(started.map(({ purpose }) => purpose)).toEqual(["query", "document", "document"]);
  });

  it("keep calls that wait while a crashed thread is started again", async () => {
    const { embed } = await createWatchedEmbedder();
    crash(started[1]);
    const [running, waiting] = await Promise.allSettled([embed(["one"], "document", never), embed(["two"], "document", never)]);
    expect(running.status).toBe("rejected");
    expect(waiting.status).toBe("fulfilled");
  });

  it("reject documents at once when their only thread cannot be started again, until it can", async () => {
    const { embed } = await createWatchedEmbedder();
    failingStarts = [2];
    crash(started[1]);
    const calls = await Promise.allSettled([embed(["one"], "document", never), embed(["two"], "document", never)]);
    expect(calls.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(embed(["three"], "document", never)).rejects.toThrow(
      "no embedding thread for a document could be started again",
    );
    expect(await embed(["queries go on"], "query", never)).toHaveLength(1);
    await expect.poll(() => embed(["four"], "document", never).catch(() => []), { timeout: 10_000 }).toHaveLength(1);
  });

  it("answer queries on an idle document thread while the query thread is away", async () => {
    const { embed } = await createWatchedEmbedder();
    crash(started[0]);
    await expect(embed(["one"], "query", never)).rejects.toThrow(DependencyUnavailableError);
    expect(await embed(["two"], "query", never)).toHaveLength(1);
    expect(started[1]?.embeddedCount).toBe(1);
  });

  it("drop the waiting texts of an aborted call", async () => {
    const { embed } = await createWatchedEmbedder();
    const controller = new AbortController();
    const aborted = embed(documents, "document", controller.signal);
    controller.abort();
    await expect(aborted).rejects.toThrow(CancelledError);
    expect(await embed(["next"], "document", never)).toHaveLength(1);
    // The text that was running, and the next call's.
    expect(started[1]?.embeddedCount).toBe(2);
  });

  it("reject every pending call when they are closed, and any later one", async () => {
    const { embed, close } = await createWatchedEmbedder();
    const pending = Promise.allSettled([
      embed(documents, "document", never),
      embed(["waiting"], "document", never),
      embed(["running"], "query", never),
    ]);
    await close();
    for (const call of await pending) expect(call).toMatchObject({ status: "rejected", reason: { dependency: "embeddings" } });
    await expect(embed(["late"], "query", never)).rejects.toThrow("the embedder is closed");
    await close();
  });
});
