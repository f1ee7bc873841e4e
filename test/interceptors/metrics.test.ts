import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { GetDocumentResponseSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { NotFoundError } from "../../src/domain/errors.ts";
import { metricsInterceptor } from "../../src/interceptors/metrics.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { createInMemoryService, type InMemoryService, metricValue } from "./in-memory-service.ts";

const service = { grpc_service: "llmemory.v1.MemoryService" };
const request = { ownerId: "ada", key: { case: "idAtOrigin" as const, value: "1" } };

test("an answered call is started, handled and timed, with one message each way", async () => {
  const running = createInMemoryService({ getDocument: () => create(GetDocumentResponseSchema) });
  await running.memory.getDocument(request);
  expect(await countsOf(running, { ...service, grpc_method: "GetDocument", grpc_type: "unary" }, "OK")).toEqual({
    started: 1,
    handled: 1,
    timed: 1,
    received: 1,
    sent: 1,
  });
});

test("a failed call is counted under the code that the client gets, with no message sent", async () => {
  const running = createInMemoryService({ getDocument: () => Promise.reject(new NotFoundError("document", "1")) });
  await expect(running.memory.getDocument(request)).rejects.toThrow();
  expect(await countsOf(running, { ...service, grpc_method: "GetDocument", grpc_type: "unary" }, "NotFound")).toEqual({
    started: 1,
    handled: 1,
    timed: 1,
    received: 1,
    sent: 0,
  });
});

test("where monitoring is off calls do not pass through it", () => {
  const next = async () => expect.fail("is not called");
  const metrics = createMetrics({ enableMonitoring: false, ownerLabels: true, version: "test" });
  expect(metricsInterceptor(metrics)(next)).toBe(next);
});

test("a refused call is counted although its handler never ran", async () => {
  const running = createInMemoryService({ getDocument: () => expect.fail("the handler must not run") });
  await expect(running.memory.getDocument({})).rejects.toThrow();
  const counts = await countsOf(running, { ...service, grpc_method: "GetDocument", grpc_type: "unary" }, "InvalidArgument");
  expect(counts).toMatchObject({ started: 1, handled: 1 });
});

test("each message of a stream counts", async () => {
  const running = createInMemoryService({
    async *ingestDocuments(requests) {
      for await (const _request of requests) yield { message: { case: "durable" as const, value: { upToSequence: 0n } } };
      yield { message: { case: "durable" as const, value: { upToSequence: 0n } } };
    },
  });
  async function* requests() {
    yield { message: { case: "open" as const, value: { ownerId: "ada", streamId: "notes" } } };
    yield { message: { case: "ack" as const, value: { upToSequence: 1n } } };
  }
  const replies = await readAll(running.memory.ingestDocuments(requests()));
  expect(replies).toHaveLength(3);
  expect(await countsOf(running, { ...service, grpc_method: "IngestDocuments", grpc_type: "bidi_stream" }, "OK")).toEqual({
    started: 1,
    handled: 1,
    timed: 1,
    received: 2,
    sent: 3,
  });
});

async function countsOf({ metrics }: InMemoryService, labels: Record<string, string>, code: string) {
  return {
    started: await metricValue(metrics, "grpc_server_started_total", labels),
    handled: await metricValue(metrics, "grpc_server_handled_total", { ...labels, grpc_code: code }),
    timed: await metricValue(metrics, "grpc_server_handling_seconds_count", labels),
    received: await metricValue(metrics, "grpc_server_msg_received_total", labels),
    sent: await metricValue(metrics, "grpc_server_msg_sent_total", labels),
  };
}

async function readAll<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const message of messages) read.push(message);
  return read;
}
