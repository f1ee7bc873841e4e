import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { trace } from "@opentelemetry/api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { boundedFetch } from "../../src/endpoint/bounded-fetch.ts";
import { openInMemoryTracing } from "../support/in-memory-tracing.ts";

const received: IncomingHttpHeaders[] = [];
const server = createServer((request, response) => {
  received.push(request.headers);
  response.end("0123456789");
});
let url: string;

beforeEach(async () => {
  received.length = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

test("gives the whole answer up to its size, and fails beyond", async () => {
  expect(await (await boundedFetch(10)(url)).text()).toBe("0123456789");
  await expect(boundedFetch(9)(url)).rejects.toThrow("longer than 9 bytes");
});

test("tells the endpoint which trace it works for, beside the caller's own headers", async () => {
  const headers = { authorization: "Bearer key" };
  await boundedFetch(10)(url, { headers });
  const tracing = openInMemoryTracing();
  try {
    const traceId = await trace.getTracer("test").startActiveSpan("rpc", async (span) => {
      await boundedFetch(10)(url, { headers });
      await boundedFetch(10)(new Request(url, { headers }));
      span.end();
      return span.spanContext().traceId;
    });
    expect(received.map(({ authorization }) => authorization)).toEqual(["Bearer key", "Bearer key", "Bearer key"]);
    expect(received.map(({ traceparent }) => String(traceparent).split("-")[1])).toEqual([undefined, traceId, traceId]);
  } finally {
    await tracing.close();
  }
});
