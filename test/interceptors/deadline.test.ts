import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { GetDocumentResponseSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { DeadlineExceededError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { requestContextOf } from "../../src/interceptors/request-context.ts";
import { createInMemoryService } from "./in-memory-service.ts";

const request = { ownerId: "ada", key: { case: "idAtOrigin" as const, value: "1" } };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("a call without a deadline gets the default, and is answered although its handler ignores the signal", async () => {
  const { memory } = createInMemoryService({ getDocument: () => new Promise(() => {}) });
  const call = outcomeOf(memory.getDocument(request));
  await vi.advanceTimersByTimeAsync(limits.unaryDeadlineDefaultMs - 1);
  expect(call.outcome).toBe("pending");
  await vi.advanceTimersByTimeAsync(1);
  await vi.waitFor(() => expect(call.outcome).toBe(Code.DeadlineExceeded));
});

test("a deadline of the caller's own replaces the default", async () => {
  const { memory } = createInMemoryService({ getDocument: () => new Promise(() => {}) });
  const call = outcomeOf(memory.getDocument(request, { timeoutMs: 2 * limits.unaryDeadlineDefaultMs }));
  await vi.advanceTimersByTimeAsync(limits.unaryDeadlineDefaultMs + 1);
  expect(call.outcome).toBe("pending");
  await vi.advanceTimersByTimeAsync(limits.unaryDeadlineDefaultMs);
  await vi.waitFor(() => expect(call.outcome).toBe(Code.DeadlineExceeded));
});

test("a deadline of the caller's own is shortened to the longest that is allowed", async () => {
  const { memory } = createInMemoryService({ getDocument: () => new Promise(() => {}) });
  const call = outcomeOf(memory.getDocument(request, { timeoutMs: 10 * limits.unaryDeadlineMaxMs }));
  await vi.advanceTimersByTimeAsync(limits.unaryDeadlineMaxMs);
  await vi.waitFor(() => expect(call.outcome).toBe(Code.DeadlineExceeded));
});

test("the handler's signal aborts with the domain's error", async () => {
  let reason: unknown;
  const { memory } = createInMemoryService({
    getDocument: (_request, { values }) => {
      const { signal } = requestContextOf(values);
      signal.addEventListener("abort", () => {
        reason = signal.reason;
      });
      return new Promise(() => {});
    },
  });
  const call = outcomeOf(memory.getDocument(request));
  await vi.advanceTimersByTimeAsync(limits.unaryDeadlineDefaultMs);
  await vi.waitFor(() => expect(call.outcome).toBe(Code.DeadlineExceeded));
  expect(reason).toBeInstanceOf(DeadlineExceededError);
});

test("a call that is answered in time leaves no timer behind", async () => {
  const { memory } = createInMemoryService({ getDocument: () => create(GetDocumentResponseSchema) });
  await memory.getDocument(request);
  expect(vi.getTimerCount()).toBe(0);
});

test("a stream has no deadline of ours", async () => {
  const { memory } = createInMemoryService({
    async *ingestDocuments() {
      await new Promise((resolve) => setTimeout(resolve, 2 * limits.unaryDeadlineMaxMs));
      yield { message: { case: "durable" as const, value: { upToSequence: 0n } } };
    },
  });
  const open = { message: { case: "open" as const, value: { ownerId: "ada", streamId: "notes" } } };
  const first = memory
    .ingestDocuments(
      (async function* () {
        yield open;
      })(),
    )
    [Symbol.asyncIterator]()
    .next();
  await vi.advanceTimersByTimeAsync(2 * limits.unaryDeadlineMaxMs);
  expect((await first).value?.message.case).toBe("durable");
});

function outcomeOf(call: Promise<unknown>): { outcome: "pending" | "answered" | Code } {
  const result: { outcome: "pending" | "answered" | Code } = { outcome: "pending" };
  call.then(
    () => {
      result.outcome = "answered";
    },
    (error: unknown) => {
      result.outcome = ConnectError.from(error).code;
    },
  );
  return result;
}
