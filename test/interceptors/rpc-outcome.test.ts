import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import type { IngestDocumentsResponse } from "#gen/llmemory/v1/memory_service_pb.js";
import { ConflictError } from "../../src/domain/errors.ts";
import { requestContextOf } from "../../src/interceptors/request-context.ts";
import { codeName } from "../../src/interceptors/rpc-outcome.ts";
import { createInMemoryService, type InMemoryService, metricValue } from "./in-memory-service.ts";

const durable = (upToSequence: bigint) => ({ message: { case: "durable" as const, value: { upToSequence } } });
const open = { message: { case: "open" as const, value: { ownerId: "ada", streamId: "notes" } } };

test("a stream that fails at its third message has failed, and the two before it were sent", async () => {
  const service = createInMemoryService({
    async *ingestDocuments() {
      yield durable(0n);
      yield durable(1n);
      throw new ConflictError("STREAM_FENCED", "another connection has taken the stream");
    },
  });
  const { messages, error } = await readStream(service.memory.ingestDocuments(only(open)));
  expect(messages).toHaveLength(2);
  expect(error?.code).toBe(Code.Aborted);
  expect(await outcomes(service)).toEqual({ OK: 0, Aborted: 1, Canceled: 0 });
  expect(service.logs.find(({ msg }) => msg === "rpc")).toMatchObject({ code: "Aborted" });
});

test("a stream that ends after its last message is OK, once", async () => {
  const service = createInMemoryService({
    async *ingestDocuments() {
      yield durable(0n);
    },
  });
  const { messages, error } = await readStream(service.memory.ingestDocuments(only(open)));
  expect({ count: messages.length, error }).toEqual({ count: 1, error: undefined });
  expect(await outcomes(service)).toEqual({ OK: 1, Aborted: 0, Canceled: 0 });
});

test("a stream whose caller goes away has been cancelled", async () => {
  const service = createInMemoryService({
    async *ingestDocuments(_requests, { values }) {
      yield durable(0n);
      const { signal } = requestContextOf(values);
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    },
  });
  const caller = new AbortController();
  const stream = service.memory.ingestDocuments(only(open), { signal: caller.signal })[Symbol.asyncIterator]();
  expect((await stream.next()).done).toBe(false);
  const second = stream.next();
  setImmediate(() => caller.abort());
  await expect(second).rejects.toThrow(ConnectError);
  await expect.poll(() => outcomes(service)).toEqual({ OK: 0, Aborted: 0, Canceled: 1 });
});

describe("codeName", () => {
  test.each([
    [undefined, "OK"],
    [new ConnectError("m", Code.InvalidArgument), "InvalidArgument"],
    [new ConnectError("m", Code.DeadlineExceeded), "DeadlineExceeded"],
    [new Error("m"), "Unknown"],
  ])("%s is %s", (error, name) => {
    expect(codeName(error)).toBe(name);
  });
});

async function* only<T>(message: T): AsyncGenerator<T> {
  yield message;
}

async function readStream(stream: AsyncIterable<IngestDocumentsResponse>) {
  const messages: IngestDocumentsResponse[] = [];
  try {
    for await (const message of stream) messages.push(message);
    return { messages, error: undefined };
  } catch (error) {
    return { messages, error: ConnectError.from(error) };
  }
}

async function outcomes({ metrics }: InMemoryService) {
  const countOf = (code: string) => metricValue(metrics, "grpc_server_handled_total", { grpc_code: code });
  return { OK: await countOf("OK"), Aborted: await countOf("Aborted"), Canceled: await countOf("Canceled") };
}
