import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ModelEnricher } from "../../src/documents/model-enricher.ts";
import { CancelledError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { type ChatModel, openChatModel } from "../../src/endpoint/chat-model.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import type { PreparedChunk } from "../../src/storage/diff-chunks.ts";
import { answerWith, type ChatServer, chatFaults, sendMessage, startChatServer } from "../support/chat-server.ts";
import { never, newDocument } from "../support/document-deps.ts";
import { failWith, hang } from "../support/endpoint-server.ts";
import { writeNotes } from "../support/enrichment-notes.ts";
import { sketch } from "../support/prepared-documents.ts";
import { countOf } from "../support/search-models.ts";
import { silentLogger } from "../support/test-storage.ts";

const wanted = { contextPrefix: true, summary: false };
const document = newDocument();

let server: ChatServer;
let chat: ChatModel;

beforeAll(async () => {
  server = await startChatServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.requests.length = 0;
  chat = await openChatModel({ baseUrl: server.baseUrl, model: "writer", apiKey: undefined, timeoutMs: 60_000 });
});
afterEach(() => {
  vi.useRealTimers();
  chat.close();
});

function enricherOf(timeoutMs = 60_000) {
  const metrics = createMetrics({ ownerLabels: true, version: "test" });
  const enricher = new ModelEnricher({ chat, metrics, logger: silentLogger }, timeoutMs);
  return { enricher, metrics };
}

function leavesOf(count: number): readonly PreparedChunk[] {
  return sketch({ leaves: Array.from({ length: count }, (_, index) => `leaf ${index}`) }).chunks;
}

function write(enricher: ModelEnricher, leaves: readonly PreparedChunk[], signal = never) {
  return enricher.write({ document, leaves, passages: leaves, wanted }, 1, signal);
}

describe("the chat model's texts", () => {
  it("come for every passage, a few passages per call", async () => {
    server.behave(writeNotes());
    const leaves = leavesOf(2 * limits.enrichmentBatchChunks + 1);
    const written = await write(enricherOf().enricher, leaves);
    expect(leaves.map(({ chunkId }) => written.get(chunkId)?.contextPrefix)).toEqual(
      leaves.map(({ content }) => `where "${content}" belongs`),
    );
    expect(server.requests).toHaveLength(3);
  });

  it("are asked for together only where passages stand side by side", async () => {
    server.behave(writeNotes());
    const leaves = leavesOf(5);
    const passages = leaves.filter(({ index }) => index !== 1 && index !== 2);
    await enricherOf().enricher.write({ document, leaves, passages, wanted }, 1, never);
    expect(server.requests.map(({ input }) => input.passages.map(({ text }: { text: string }) => text)).sort()).toEqual([
      ["leaf 0"],
      ["leaf 3", "leaf 4"],
    ]);
  });

  it("are asked for in so many calls at once, whoever asks", async () => {
    let running = 0;
    let runningMost = 0;
    server.behave((request, response) => {
      runningMost = Math.max(runningMost, ++running);
      setTimeout(() => {
        running--;
        writeNotes()(request, response);
      }, 5);
    });
    const { enricher } = enricherOf();
    const leaves = leavesOf(limits.enrichmentBatchChunks * limits.enrichmentCallsMax);
    const both = await Promise.all([write(enricher, leaves), write(enricher, leaves)]);
    expect(both.map(({ size }) => size)).toEqual([leaves.length, leaves.length]);
    expect(runningMost).toBeGreaterThan(1);
    expect(runningMost).toBeLessThanOrEqual(limits.enrichmentCallsMax);
  });

  it.each(chatFaults.filter(({ failure }) => failure !== "timeout"))("are left out where the endpoint $what", async (fault) => {
    server.behave(fault.behaviour);
    const { enricher, metrics } = enricherOf();
    expect(await write(enricher, leavesOf(1))).toEqual(new Map());
    expect((await metrics.enrichmentModelFailures.get()).values).toMatchObject([{ labels: { reason: fault.failure }, value: 1 }]);
  });

  it.each(chatFaults.filter(({ failure }) => failure === "timeout"))(
    "are left out in time where the endpoint $what",
    async (fault) => {
      server.behave(fault.behaviour);
      expect(await write(enricherOf(100).enricher, leavesOf(9))).toEqual(new Map());
    },
  );

  it("have the time of all documents that are enriched at once", async () => {
    server.behave((request, response) => {
      setTimeout(() => writeNotes()(request, response), 1_200);
    });
    // One call more than run at once: it comes too late if there is no more time than for one and a half.
    const leaves = leavesOf(limits.enrichmentBatchChunks * limits.enrichmentCallsMax + 1);
    const asked = { document, leaves, passages: leaves, wanted };
    const { enricher } = enricherOf(2_000);
    expect((await enricher.write(asked, 10, never)).size).toBe(leaves.length);
    expect((await enricher.write(asked, 1, never)).has(leaves.at(-1)?.chunkId ?? "")).toBe(false);
  });

  it("keep what came before the time was over", async () => {
    let calls = 0;
    server.behave((request, response) => (++calls <= 3 ? writeNotes()(request, response) : hang(request, response)));
    const leaves = leavesOf(limits.enrichmentBatchChunks * (limits.enrichmentCallsMax + 3));
    const written = await write(enricherOf(500).enricher, leaves);
    expect(written.size).toBe(3 * limits.enrichmentBatchChunks);
    expect(server.requests.length).toBeLessThanOrEqual(3 + limits.enrichmentCallsMax);
  });

  it("are not asked for while the model has failed several times in a row, and again after a pause", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    server.behave(failWith(500));
    const { enricher, metrics } = enricherOf();
    for (let attempt = 0; attempt < limits.enrichmentFailuresMax + 2; attempt++) await write(enricher, leavesOf(1));
    expect(server.requests).toHaveLength(limits.enrichmentFailuresMax);
    expect(await countOf(metrics.enrichmentModelFailures)).toBe(limits.enrichmentFailuresMax + 2);
    vi.advanceTimersByTime(limits.enrichmentPauseMs);
    await write(enricher, leavesOf(1));
    await write(enricher, leavesOf(1));
    expect(server.requests).toHaveLength(limits.enrichmentFailuresMax + 1);
    vi.advanceTimersByTime(limits.enrichmentPauseMs);
    server.behave(writeNotes());
    expect((await write(enricher, leavesOf(1))).size).toBe(1);
    expect((await write(enricher, leavesOf(1))).size).toBe(1);
  });

  it("do not stop coming because the model refuses some", async () => {
    server.behave(sendMessage({ content: null, refusal: "no" }));
    const { enricher } = enricherOf();
    for (let attempt = 0; attempt < limits.enrichmentFailuresMax + 2; attempt++) await write(enricher, leavesOf(1));
    expect(server.requests).toHaveLength(limits.enrichmentFailuresMax + 2);
  });

  it("end with the request that wants them", async () => {
    server.behave(hang);
    const { enricher } = enricherOf();
    const caller = new AbortController();
    const leaves = leavesOf(limits.enrichmentBatchChunks * (limits.enrichmentCallsMax + 1));
    const [first, second] = [write(enricher, leaves, caller.signal), write(enricher, leaves, caller.signal)];
    const outcomes = Promise.allSettled([first, second]);
    while (server.requests.length < limits.enrichmentCallsMax) await delay(5);
    caller.abort();
    expect(await outcomes).toMatchObject([{ reason: expect.any(CancelledError) }, { reason: expect.any(CancelledError) }]);
    server.behave(writeNotes());
    expect((await write(enricher, leavesOf(1))).size).toBe(1);
  });

  it("are none, and nothing is asked, for no passages", async () => {
    server.behave(answerWith({}));
    expect(await write(enricherOf().enricher, [])).toEqual(new Map());
    expect(server.requests).toHaveLength(0);
  });
});
