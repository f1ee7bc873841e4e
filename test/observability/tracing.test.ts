import { SpanStatusCode, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NotFoundError } from "../../src/domain/errors.ts";
import { activeTraceparent, traced, tracedFor, traceFields, traceHeaders } from "../../src/observability/tracing.ts";
import { type InMemoryTracing, openInMemoryTracing } from "../support/in-memory-tracing.ts";

test("without tracing work only runs, and nothing tells of a trace", async () => {
  const told = await traced({ name: "stage" }, async (span) => [span, activeTraceparent(), traceFields(), traceHeaders()]);
  expect(told).toEqual([undefined, undefined, {}, {}]);
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  expect(await tracedFor([traceparent], { name: "stage" }, async () => activeTraceparent())).toBeUndefined();
});

describe("with tracing", () => {
  let tracing: InMemoryTracing;
  beforeEach(() => {
    tracing = openInMemoryTracing();
  });
  afterEach(() => tracing.close());

  /** As the interceptor does for an RPC. */
  async function inRequest<T>(work: () => Promise<T>): Promise<T> {
    return await trace.getTracer("test").startActiveSpan("rpc", async (span) => {
      try {
        return await work();
      } finally {
        span.end();
      }
    });
  }

  test("stages are spans below the request, also after waiting, and background work is none", async () => {
    await traced({ name: "background" }, async () => undefined);
    await inRequest(async () => {
      await traced({ name: "outer" }, async (span) => {
        await Promise.resolve();
        await traced({ name: "inner", attributes: { owner_id: "ada" } }, async () => undefined);
        span?.setAttribute("results", 2);
      });
    });
    const [inner, outer, request] = tracing.spans();
    expect(tracing.spans().map(({ name }) => name)).toEqual(["inner", "outer", "rpc"]);
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(outer?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
    expect([inner?.attributes, outer?.attributes]).toEqual([{ owner_id: "ada" }, { results: 2 }]);
  });

  test("what a stage throws is thrown on and recorded, the message only if it is the domain's own", async () => {
    const fail = (error: unknown) => inRequest(() => traced({ name: "stage" }, () => Promise.reject(error)));
    await expect(fail(new NotFoundError("document", "tea"))).rejects.toThrow(NotFoundError);
    await expect(fail(new TypeError("cannot read the secret text"))).rejects.toThrow(TypeError);
    const [ours, , foreign] = tracing.spans();
    expect(ours).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { "error.type": "NOT_FOUND" },
      events: [
        {
          name: "exception",
          attributes: { "exception.type": "NotFoundError", "exception.message": 'document "tea" was not found' },
        },
      ],
    });
    expect(foreign).toMatchObject({ attributes: { "error.type": "TypeError" }, events: [{ name: "exception" }] });
    expect(foreign?.events[0]?.attributes?.["exception.stacktrace"]).toContain("tracing.test.ts");
    expect(JSON.stringify(foreign?.events)).not.toContain("secret");
  });

  test("background work is a trace of its own that links to each request once", async () => {
    const first = await inRequest(async () => activeTraceparent());
    const second = await inRequest(async () => activeTraceparent());
    expect(first).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    await inRequest(() => tracedFor([first, undefined, "nonsense", second, first], { name: "jobs" }, async () => undefined));
    await tracedFor([undefined], { name: "no jobs" }, async () => undefined);
    const jobs = tracing.spans().find(({ name }) => name === "jobs");
    expect(jobs?.parentSpanContext).toBeUndefined();
    expect(jobs?.links.map(({ context: { traceId, spanId } }) => `00-${traceId}-${spanId}-01`)).toEqual([first, second]);
    expect(tracing.spans().map(({ name }) => name)).not.toContain("no jobs");
  });

  test("log lines and requests to others carry the trace", async () => {
    await inRequest(async () => {
      const { traceId, spanId } = trace.getActiveSpan()?.spanContext() ?? {};
      expect(traceFields()).toEqual({ trace_id: traceId, span_id: spanId });
      expect(traceHeaders()).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
    });
  });
});
