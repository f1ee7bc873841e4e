import { createRequire } from "node:module";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { context, propagation, SpanKind } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { GrpcInstrumentation } from "@opentelemetry/instrumentation-grpc";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { type FreshDatabase, testDatabases } from "../support/databases.ts";
import { freePort } from "../support/free-port.ts";
import { connectTo, type RpcClients } from "../support/rpc-clients.ts";
import { type Service, startService } from "../support/service.ts";
import { type CollectedSpan, startTraceCollector, type TraceCollector } from "../support/trace-collector.ts";
import { grpcJsCaller } from "./clients/grpc-js-caller.ts";

const callerTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const callerSpan = "00f067aa0ba902b7";
const traceparent = `00-${callerTrace}-${callerSpan}-01`;
// What is imported already is patched when it is required the next time.
const instrumentation = new GrpcInstrumentation();
createRequire(import.meta.url)("@grpc/grpc-js");

const content = "Ada likes lapsang tea.";

describe.each(testDatabases())("traces of the $name database", (kind) => {
  let database: FreshDatabase;
  let collector: TraceCollector;
  let service: Service | undefined;
  let clients: RpcClients | undefined;

  beforeEach(async () => {
    database = await kind.create();
    collector = await startTraceCollector();
  });
  afterEach(async () => {
    await stopService();
    collector.close();
    await database.drop();
  });

  async function start(environment: Readonly<Record<string, string>>): Promise<Service & RpcClients> {
    service = await startService({ database, environment });
    clients = connectTo(service);
    return { ...service, ...clients };
  }

  /** Spans that wait are sent first. */
  async function stopService(): Promise<number | null | undefined> {
    clients?.close();
    const stopped = await service?.stop();
    service = undefined;
    return stopped;
  }

  it("go from a grpc-js client through stages to every statement, and on to where the chunks are embedded", async () => {
    const started = await start({ LLMEMORY_OTLP_ENDPOINT: collector.endpoint, LLMEMORY_LOG_LEVEL: "debug" });
    const callerSpans = await callTraced(async () => {
      const client = await grpcJsCaller(started);
      const document = { ownerId: "ada", idAtOrigin: "tea", content, documentType: "DOCUMENT_TYPE_TEXT" };
      await client.call("MemoryService/AddDocument", { ...document, waitUntil: "WAIT_UNTIL_SEARCHABLE" });
      await client.call("SearchService/Search", { ownerId: "ada", queryText: "lapsang tea" });
      await client.close();
    });
    expect(await stopService()).toBe(0);

    const [callerOfAdd, callerOfSearch] = callerSpans;
    const inTraceOf = (caller = callerOfAdd) => collector.spans.filter(({ traceId }) => traceId === caller?.traceId);
    let spans = inTraceOf(callerOfAdd);
    const add = theSpan(spans, "llmemory.v1.MemoryService/AddDocument");
    expect(add).toMatchObject({
      parentSpanId: callerOfAdd?.spanId,
      kind: "SPAN_KIND_SERVER",
      status: "STATUS_CODE_UNSET",
      attributes: {
        "rpc.system": "grpc",
        "rpc.service": "llmemory.v1.MemoryService",
        "rpc.method": "AddDocument",
        "rpc.grpc.status_code": 0,
        "rpc.response.status_code": "OK",
        "server.address": "127.0.0.1",
      },
      resource: { "service.name": "llmemory", "service.version": expect.any(String), "service.instance.id": expect.any(String) },
    });
    const addDocument = theSpan(spans, "memory.add_document");
    expect(addDocument).toMatchObject({
      parentSpanId: add.spanId,
      attributes: { owner_id: "ada", document_type: "text", chunks_created: 1, outcome: "created" },
    });
    const commit = theSpan(spans, "memory.commit_documents");
    expect(commit).toMatchObject({ parentSpanId: addDocument.spanId, attributes: { documents: 1, chunks_created: 1 } });
    expect(theSpan(spans, "insert_chunks")).toMatchObject({
      parentSpanId: commit.spanId,
      kind: "SPAN_KIND_CLIENT",
      attributes: { "db.system.name": "postgresql", "db.query.summary": "insert_chunks" },
    });

    spans = inTraceOf(callerOfSearch);
    const search = theSpan(spans, "memory.search");
    const searchRpc = theSpan(spans, "llmemory.v1.SearchService/Search");
    expect(searchRpc.parentSpanId).toBe(callerOfSearch?.spanId);
    expect(search).toMatchObject({
      parentSpanId: searchRpc.spanId,
      attributes: { owner_id: "ada", search_type: "hybrid", results: 1 },
    });
    const stages = spans.filter(({ parentSpanId }) => parentSpanId === search.spanId).map(({ name }) => name);
    for (const stage of ["facts", "embed", "candidates", "fuse", "load"]) expect(stages).toContain(`memory.search.${stage}`);
    expect(theSpan(spans, "memory.embed").parentSpanId).toBe(theSpan(spans, "memory.search.embed").spanId);

    const embedJobs = theSpan(collector.spans, "memory.embed_jobs");
    expect(embedJobs.links).toEqual([{ traceId: callerOfAdd?.traceId, spanId: commit.spanId }]);
    const below = collector.spans.filter(({ parentSpanId }) => parentSpanId === embedJobs.spanId).map(({ name }) => name);
    expect(below).toEqual(expect.arrayContaining(["memory.embed", "store_embeddings"]));
    // Background work that no traced request has asked for is none.
    expect(collector.spans.filter(({ parentSpanId }) => parentSpanId === "")).toEqual([embedJobs]);

    expect(JSON.stringify(collector.spans)).not.toContain("lapsang");
    const logged = started
      .stderr()
      .split("\n")
      .find((line) => line.includes("MemoryService/AddDocument"));
    expect(JSON.parse(logged ?? "{}")).toMatchObject({ trace_id: add.traceId, span_id: add.spanId });
  });

  it("hold a stream with its batches, and the exception of what failed", async () => {
    const { memory } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    const expired = { ownerId: "ada", content, expiresAt: timestampFromDate(new Date(0)) };
    await expect(memory.addDocument(expired)).rejects.toMatchObject({ code: Code.InvalidArgument });
    await ingestOne(memory);
    await stopService();

    const [failed] = collector.spans.filter(({ name }) => name === "memory.add_document");
    expect(failed).toMatchObject({
      status: "STATUS_CODE_ERROR",
      attributes: { owner_id: "ada", "error.type": "INVALID_INPUT" },
      events: [{ name: "exception", attributes: { "exception.type": "InvalidInputError" } }],
    });
    expect(theSpan(collector.spans, "llmemory.v1.MemoryService/AddDocument")).toMatchObject({
      status: "STATUS_CODE_ERROR",
      attributes: { "rpc.grpc.status_code": Code.InvalidArgument, "rpc.response.status_code": "InvalidArgument" },
    });
    const stream = theSpan(collector.spans, "llmemory.v1.MemoryService/IngestDocuments");
    expect(stream.attributes).toMatchObject({ "rpc.response.status_code": "OK" });
    const commit = theSpan(collector.spans, "memory.commit_documents");
    expect(commit).toMatchObject({ parentSpanId: stream.spanId, attributes: { documents: 1, chunks_created: 1 } });
  });

  it("are left to the caller with a ratio of 0, in the headers that were asked for", async () => {
    const { admin } = await start({
      LLMEMORY_OTLP_ENDPOINT: collector.endpoint,
      LLMEMORY_TRACE_SAMPLE_RATIO: "0",
      LLMEMORY_TRACE_PROPAGATORS: "b3",
    });
    await admin.getOwnerStatistics({ ownerId: "ada" });
    await admin.getOwnerStatistics({ ownerId: "ada" }, { headers: { traceparent } });
    await admin.getOwnerStatistics({ ownerId: "ada" }, { headers: { b3: `${callerTrace}-${callerSpan}-0` } });
    await admin.getOwnerStatistics({ ownerId: "ada" }, { headers: { b3: `${callerTrace}-${callerSpan}-1` } });
    await stopService();
    expect(collector.spans.filter(({ kind }) => kind === "SPAN_KIND_SERVER")).toEqual([
      expect.objectContaining({ traceId: callerTrace, parentSpanId: callerSpan }),
    ]);
  });

  it("are lost without a collector, which requests never notice, and flow again when it comes", async () => {
    const port = await freePort();
    const started = await start({ LLMEMORY_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    const { memory, stderr } = started;
    const linesWith = (text: string) =>
      stderr()
        .split("\n")
        .filter((line) => line.includes(text));
    await memory.addDocument({ ownerId: "ada", content, waitUntil: WaitUntil.SEARCHABLE });
    await expect.poll(() => linesWith("takes no spans").length, { timeout: 30_000 }).toBe(1);
    const scraped = await fetch(`http://${started.httpAddress}/metrics`);
    expect(await scraped.text()).toMatch(/^memory_trace_spans_lost_total\{reason="export_failed"\} \d+$/m);
    await memory.addDocument({ ownerId: "ada", content: "Bob likes coffee.", documentType: DocumentType.TEXT });

    const late = await startTraceCollector(port);
    try {
      const arrived = async () => {
        await memory.listDocuments({ ownerId: "ada" });
        return late.spans.length > 0;
      };
      await expect.poll(arrived, { timeout: 30_000, interval: 500 }).toBe(true);
      await expect.poll(() => linesWith("takes spans again").length).toBe(1);
      expect(linesWith("takes no spans")).toHaveLength(1);
    } finally {
      late.close();
    }
    expect(await stopService()).toBe(0);
  });
});

function theSpan(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const found = spans.filter((span) => span.name === name);
  expect(found, name).toHaveLength(1);
  return found[0] as CollectedSpan;
}

/** Runs calls of a grpc-js client that OpenTelemetry instruments; gives the spans of the calls as the client knows them. */
async function callTraced(calls: () => Promise<void>) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  instrumentation.setTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  try {
    await calls();
    // The collector here is of grpc-js as well, and has spans of its own.
    const spans = exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT);
    return spans.map((span) => span.spanContext());
  } finally {
    propagation.disable();
    context.disable();
    await provider.shutdown();
  }
}

async function ingestOne(memory: RpcClients["memory"]): Promise<void> {
  const opened = Promise.withResolvers<void>();
  async function* requests() {
    yield { message: { case: "open" as const, value: { ownerId: "ada", streamId: "notes" } } };
    await opened.promise;
    const document = { ownerId: "ada", idAtOrigin: "note", content };
    yield { message: { case: "item" as const, value: { sequence: 1n, document } } };
  }
  for await (const _reply of memory.ingestDocuments(requests())) opened.resolve();
}
