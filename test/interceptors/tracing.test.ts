import { AsyncLocalStorage } from "node:async_hooks";
import { create } from "@bufbuild/protobuf";
import {
  type Context,
  type ContextManager,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { GetDocumentResponseSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { NotFoundError } from "../../src/domain/errors.ts";
import { createInMemoryService } from "./in-memory-service.ts";

interface RecordedSpan {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
  readonly parentTraceId: string | undefined;
  status: { code: SpanStatusCode; message?: string };
  endCount: number;
}

const callerTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const request = { ownerId: "ada", key: { case: "idAtOrigin" as const, value: "secret-id" } };
let spans: RecordedSpan[];

beforeEach(() => {
  spans = [];
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan, startActiveSpan: () => expect.fail("is not used") }) });
  context.setGlobalContextManager(new AsyncContextManager());
  propagation.setGlobalPropagator({
    inject: () => {},
    fields: () => ["traceparent"],
    extract: (parent, carrier, getter) => {
      const [, traceId, spanId] = String(getter.get(carrier, "traceparent") ?? "").split("-");
      return traceId && spanId ? trace.setSpanContext(parent, { traceId, spanId, traceFlags: 1 }) : parent;
    },
  });
});

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

test("each RPC is one span under the caller's trace, active while the handler runs, without contents", async () => {
  let active: Span | undefined;
  const { memory } = createInMemoryService({
    getDocument: async () => {
      await Promise.resolve();
      active = trace.getActiveSpan();
      return create(GetDocumentResponseSchema);
    },
  });
  await memory.getDocument(request, { headers: { traceparent: `00-${callerTraceId}-00f067aa0ba902b7-01` } });
  expect(spans).toEqual([
    {
      name: "llmemory.v1.MemoryService/GetDocument",
      parentTraceId: callerTraceId,
      attributes: {
        "rpc.system": "connect_rpc",
        "rpc.service": "llmemory.v1.MemoryService",
        "rpc.method": "GetDocument",
        "server.address": "in-memory",
        "rpc.response.status_code": "OK",
      },
      status: { code: SpanStatusCode.UNSET },
      endCount: 1,
    },
  ]);
  expect(active?.spanContext().spanId).toBe("span-1");
});

test("a failed RPC is a failed span with the code as its message", async () => {
  const { memory } = createInMemoryService({ getDocument: () => Promise.reject(new NotFoundError("document", "secret-id")) });
  await expect(memory.getDocument(request)).rejects.toThrow();
  expect(spans).toHaveLength(1);
  expect(spans[0]).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: "NotFound" }, endCount: 1 });
  expect(JSON.stringify(spans)).not.toContain("secret-id");
});

test("a stream's span ends with its last message, and fails with it", async () => {
  const { memory } = createInMemoryService({
    async *ingestDocuments() {
      yield { message: { case: "durable" as const, value: { upToSequence: 0n } } };
      expect(spans[0]?.endCount).toBe(0);
      throw new NotFoundError("stream", "notes");
    },
  });
  async function* requests() {
    yield { message: { case: "open" as const, value: { ownerId: "ada", streamId: "notes" } } };
  }
  await expect(readAll(memory.ingestDocuments(requests()))).rejects.toThrow();
  expect(spans[0]).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: "NotFound" }, endCount: 1 });
});

function startSpan(name: string, options: SpanOptions = {}, parent: Context = ROOT_CONTEXT): Span {
  const recorded: RecordedSpan = {
    name,
    attributes: { ...options.attributes },
    parentTraceId: trace.getSpanContext(parent)?.traceId,
    status: { code: SpanStatusCode.UNSET },
    endCount: 0,
  };
  spans.push(recorded);
  const spanContext: SpanContext = { traceId: callerTraceId, spanId: `span-${spans.length}`, traceFlags: 1 };
  const span: Span = {
    spanContext: () => spanContext,
    setAttribute: (key, value) => {
      recorded.attributes[key] = value;
      return span;
    },
    setAttributes: () => span,
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    setStatus: (status) => {
      recorded.status = status;
      return span;
    },
    updateName: () => span,
    end: () => {
      recorded.endCount++;
    },
    isRecording: () => true,
    recordException: () => {},
  };
  return span;
}

/** What the SDK's context manager does, in short. */
class AsyncContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    work: F,
    thisArgument?: ThisParameterType<F>,
    ...workArguments: A
  ): ReturnType<F> {
    return this.#storage.run(active, () => work.apply(thisArgument, workArguments));
  }

  bind<T>(_context: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }
}

async function readAll<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const message of messages) read.push(message);
  return read;
}
