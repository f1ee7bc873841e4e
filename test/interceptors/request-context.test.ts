import { create } from "@bufbuild/protobuf";
import { createContextValues } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ListDocumentsResponseSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { CancelledError, DeadlineExceededError } from "../../src/domain/errors.ts";
import { isObserved, requestContextOf } from "../../src/interceptors/request-context.ts";
import { createInMemoryService } from "./in-memory-service.ts";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("the request id", () => {
  test.each([
    ["a good one is kept", "trace.1:a-b_C", "trace.1:a-b_C"],
    ["the longest is kept", "x".repeat(128), "x".repeat(128)],
    ["a longer one is replaced", "x".repeat(129), uuid],
    ["one that could forge log lines is replaced", 'a" level="error', uuid],
    ["without one there is a new one", undefined, uuid],
  ])("%s", async (_name, given, expected) => {
    let seen: string | undefined;
    const { memory, logs } = createInMemoryService({
      listDocuments: (_request, { values }) => {
        seen = requestContextOf(values).requestId;
        return create(ListDocumentsResponseSchema);
      },
    });
    let echoed: string | null = null;
    const headers = given === undefined ? {} : { "x-request-id": given };
    await memory.listDocuments(
      { ownerId: "ada" },
      {
        headers,
        onHeader: (header) => {
          echoed = header.get("x-request-id");
        },
      },
    );
    expect(seen).toEqual(typeof expected === "string" ? expected : expect.stringMatching(expected));
    expect(echoed).toBe(seen);
    expect(logs.every((line) => line.request_id === seen)).toBe(true);
  });
});

describe("the signal of a stream", () => {
  const open = { message: { case: "open" as const, value: { ownerId: "ada", streamId: "notes" } } };

  test.each([
    ["a caller that goes away", undefined, CancelledError],
    ["a deadline that passes", 50, DeadlineExceededError],
  ])("tells %s in the domain's words", async (_name, timeoutMs, errorClass) => {
    const { promise: reason, resolve } = Promise.withResolvers<unknown>();
    const { memory } = createInMemoryService({
      async *ingestDocuments(_requests, { values }) {
        const { signal } = requestContextOf(values);
        await new Promise((done) => signal.addEventListener("abort", done, { once: true }));
        resolve(signal.reason);
        throw signal.reason;
      },
    });
    const caller = new AbortController();
    const options = { signal: caller.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    const next = memory
      .ingestDocuments(
        (async function* () {
          yield open;
        })(),
        options,
      )
      [Symbol.asyncIterator]()
      .next();
    if (timeoutMs === undefined) setImmediate(() => caller.abort());
    await expect(next).rejects.toThrow();
    expect(await reason).toBeInstanceOf(errorClass);
  });
});

describe("values that the chain has not seen", () => {
  test("are not observed and have no context", () => {
    const values = createContextValues();
    expect(isObserved(values)).toBe(false);
    expect(() => requestContextOf(values)).toThrow("did not run");
  });
});
