import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";
import {
  AddDocumentRequestSchema,
  ListDocumentsRequestSchema,
  ListDocumentsResponseSchema,
  MemoryService,
} from "#gen/llmemory/v1/memory_service_pb.js";
import { NotFoundError, StartupError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { localPrincipal } from "../../src/interceptors/auth.ts";
import { interceptorChain } from "../../src/interceptors/chain.ts";
import { createMetrics, type Metrics } from "../../src/observability/metrics.ts";
import { type Listener, listenHttp1, listenHttp2, rpcHandler } from "../../src/server/listeners.ts";
import { grpcJsCaller } from "../end-to-end/clients/grpc-js-caller.ts";
import { grpcRaw } from "../end-to-end/raw-requests.ts";
import { metricValue } from "../interceptors/in-memory-service.ts";
import { errorOf } from "../support/call-error.ts";
import { connectTo, type RpcClients } from "../support/rpc-clients.ts";
import { silentLogger } from "../support/test-storage.ts";

const anyPort = { host: "127.0.0.1", port: 0 };

interface Running {
  readonly addresses: { readonly grpcAddress: string; readonly httpAddress: string };
  readonly listeners: { readonly http2: Listener; readonly http1: Listener };
  readonly metrics: Metrics;
  readonly clients: RpcClients;
}

let running: Running | undefined;

afterEach(async () => {
  running?.clients.close();
  await running?.listeners.http2.close(100);
  await running?.listeners.http1.close(100);
  running = undefined;
});

describe("what the framework refuses by itself is counted under the method unknown", () => {
  const unknown = { grpc_service: "unknown", grpc_method: "unknown" };

  test.each([
    [
      "an unknown method over gRPC",
      "Unimplemented",
      (r: Running) => grpcRaw(r.addresses, "MemoryService/Nothing", new Uint8Array()),
    ],
    ["bytes that are no message", "Internal", (r: Running) => grpcRaw(r.addresses, "MemoryService/AddDocument", garbage)],
    [
      "a message that is too large",
      "ResourceExhausted",
      (r: Running) => grpcRaw(r.addresses, "MemoryService/AddDocument", oversized),
    ],
    ["an unknown method over Connect", "Unimplemented", (r: Running) => postJson(r, "Nothing", "{}")],
    ["JSON that is none", "InvalidArgument", (r: Running) => postJson(r, "AddDocument", "{")],
    ["JSON that is too large", "ResourceExhausted", (r: Running) => postJson(r, "AddDocument", oversized)],
  ])("%s as %s", async (_name, code, call) => {
    const current = await start();
    await call(current);
    await expect.poll(() => metricValue(current.metrics, "grpc_server_handled_total", { ...unknown, grpc_code: code })).toBe(1);
    expect(await metricValue(current.metrics, "grpc_server_handled_total", {})).toBe(1);
  });

  test("and what the chain has seen is not", async () => {
    const { clients, metrics } = await start();
    await clients.memory.listDocuments({ ownerId: "ada" });
    await expect(clients.memory.listDocuments({ ownerId: "" })).rejects.toThrow();
    expect(await metricValue(metrics, "grpc_server_handled_total", unknown)).toBe(0);
    expect(await metricValue(metrics, "grpc_server_handled_total", { grpc_method: "ListDocuments" })).toBe(2);
  });
});

describe("requests that no good client sends", () => {
  test.each([
    ["no host", "POST /llmemory.v1.MemoryService/ListDocuments HTTP/1.0\r\n"],
    ["a host that is none", "POST /llmemory.v1.MemoryService/ListDocuments HTTP/1.1\r\nhost: [\r\n"],
    ["a path that is none", "POST //x:y HTTP/1.1\r\nhost: x\r\n"],
  ])("%s is refused, and the service lives on", async (_name, head) => {
    const { addresses, clients } = await start();
    const more = "connection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    expect(await firstLine(addresses.httpAddress, head + more)).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(await clients.memory.listDocuments({ ownerId: "ada" })).toMatchObject({ documents: [] });
  });

  test("a request that was answered before it came in whole is closed, and holds nothing", async () => {
    const { addresses } = await start();
    const session = connectHttp2(`http://${addresses.grpcAddress}`, { maxSessionMemory: 64 });
    const path = "/llmemory.v1.MemoryService/AddDocument";
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" });
    stream.resume();
    const head = Buffer.alloc(5);
    head.writeUInt32BE(oversized.length, 1);
    stream.write(Buffer.concat([head, oversized]));
    // It never ends what it sends.
    let status: unknown;
    stream.once("trailers", (trailers) => {
      status = trailers["grpc-status"];
    });
    await new Promise((resolve) => stream.once("close", resolve));
    expect({ status, rstCode: stream.rstCode }).toEqual({ status: String(Code.ResourceExhausted), rstCode: 0 });
    session.destroy();
  });
});

describe("errors as clients read them", () => {
  const failing = { listDocuments: () => Promise.reject(new NotFoundError("document", 'a:b/c?d=100%&é 😀 "x"')) };
  const expected = 'document "a:b/c?d=100%&é 😀 "x"" was not found';

  test("have their message, colons and all, in grpc-js and in connect", async () => {
    const { addresses, clients } = await start(failing);
    expect(await errorOf(clients.memory.listDocuments({ ownerId: "ada" }))).toMatchObject({ message: expected });
    const caller = await grpcJsCaller(addresses);
    const error = await caller.call("MemoryService/ListDocuments", { ownerId: "ada" }).catch((reason: Error) => reason);
    await caller.close();
    expect(error).toMatchObject({ facts: { code: "NOT_FOUND", reason: "NOT_FOUND", message: expected } });
  });

  test("fit into the headers that clients take, however long the name and however much is wrong", async () => {
    const name = "😀".repeat(limits.idAtOriginCharsMax);
    const { addresses, clients } = await start({ listDocuments: () => Promise.reject(new NotFoundError("document", name)) });
    expect(await errorOf(clients.memory.listDocuments({ ownerId: "ada" }))).toMatchObject({ code: "NOT_FOUND" });
    const metadata = { [`${"k".repeat(90)}\0`]: Array.from({ length: 5_000 }, () => "\0") };
    const call = { ownerId: "a b", content: "", metadata };
    expect(await errorOf(clients.memory.addDocument(call))).toMatchObject({ code: "INVALID_ARGUMENT" });
    const requests = {
      ListDocuments: toBinary(ListDocumentsRequestSchema, create(ListDocumentsRequestSchema, { ownerId: "ada" })),
      AddDocument: toBinary(AddDocumentRequestSchema, create(AddDocumentRequestSchema, call)),
    };
    for (const [method, bytes] of Object.entries(requests))
      expect(await trailerBytes(addresses.grpcAddress, method, bytes)).toBeLessThan(8 * 1024);
  });
});

describe("closing", () => {
  test("waits for requests under way, and takes no new connection", async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
    const { clients, listeners, addresses } = await start({
      listDocuments: async () => {
        enter();
        await mayAnswer;
        return create(ListDocumentsResponseSchema, { nextPageToken: "answered" });
      },
    });
    const call = clients.memory.listDocuments({ ownerId: "ada" });
    await entered;
    const closed = Promise.all([listeners.http2.close(30_000), listeners.http1.close(30_000)]);
    await expect(firstLine(addresses.httpAddress, "GET / HTTP/1.1\r\n\r\n")).rejects.toThrow("ECONNREFUSED");
    answer();
    expect(await call).toMatchObject({ nextPageToken: "answered" });
    await closed;
  });

  test("cuts what is left when the time is over", async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { clients, listeners } = await start({
      listDocuments: () => {
        enter();
        return new Promise(() => {});
      },
    });
    const call = errorOf(clients.memory.listDocuments({ ownerId: "ada" }));
    await entered;
    await listeners.http2.close(20);
    expect(["UNAVAILABLE", "ABORTED", "CANCELLED", "INTERNAL"]).toContain((await call).code);
  });
});

test("a port in use is an error that names it", async () => {
  const { listeners } = await start();
  const { port } = listeners.http1.address;
  const second = listenHttp1({ host: "127.0.0.1", port }, (_request, response) => response.end());
  await expect(second).rejects.toThrow(StartupError);
  await expect(listenHttp2({ host: "127.0.0.1", port }, () => {})).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
});

const garbage = Uint8Array.from([0xff, 0xff, 0xff, 0xff]);
const oversized = Buffer.alloc(limits.requestBytesMax + 1, "x");

async function start(handlers: Partial<ServiceImpl<typeof MemoryService>> = {}): Promise<Running> {
  const metrics = createMetrics({ ownerLabels: true, version: "test" });
  const chain = interceptorChain({ logger: silentLogger, metrics, principal: localPrincipal });
  const handler = rpcHandler({
    routes: (router) => router.service(MemoryService, { listDocuments: () => create(ListDocumentsResponseSchema), ...handlers }),
    interceptors: chain.map(([, interceptor]) => interceptor),
    metrics,
  });
  const listeners = { http2: await listenHttp2(anyPort, handler), http1: await listenHttp1(anyPort, handler) };
  const addresses = {
    grpcAddress: `127.0.0.1:${listeners.http2.address.port}`,
    httpAddress: `127.0.0.1:${listeners.http1.address.port}`,
  };
  running = { addresses, listeners, metrics, clients: connectTo(addresses) };
  return running;
}

async function postJson({ addresses }: Running, method: string, body: string | Buffer<ArrayBuffer>): Promise<void> {
  const url = `http://${addresses.httpAddress}/llmemory.v1.MemoryService/${method}`;
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  await response.arrayBuffer();
}

async function firstLine(address: string, request: string): Promise<string> {
  const [host = "", port] = address.split(":");
  const socket = connect(Number(port), host);
  let answer = "";
  const closed = new Promise<void>((resolve, reject) => socket.once("close", () => resolve()).once("error", reject));
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  socket.write(request);
  await closed;
  return answer.split("\r\n")[0] ?? "";
}

/** The size of the status of a call, as gRPC counts it: names, values and 32 bytes each. */
async function trailerBytes(address: string, method: string, message: Uint8Array): Promise<number> {
  const session = connectHttp2(`http://${address}`);
  const path = `/llmemory.v1.MemoryService/${method}`;
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.resume();
  stream.end(Buffer.concat([head, message]));
  const trailers = await new Promise<object>((resolve, reject) => stream.once("trailers", resolve).once("error", reject));
  session.destroy();
  return Object.entries(trailers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 32, 0);
}
