import { fileURLToPath } from "node:url";
import { Server, ServerCredentials, type ServerUnaryCall, type ServiceDefinition, type sendUnaryData } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const serviceName = "opentelemetry.proto.collector.trace.v1.TraceService";

const definition = loadSync(fileURLToPath(new URL("testdata/otlp/trace-service.proto", import.meta.url)), {
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
});

type Value = string | number | boolean;

/** A span as it came over the wire, ids in hexadecimal. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: the first of its trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, Value>> }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: string;
  /** Of the process that sent it. */
  readonly resource: Readonly<Record<string, Value>>;
}

/** An OTLP/gRPC collector on loopback that keeps what it is sent. */
export interface TraceCollector {
  readonly endpoint: string;
  readonly spans: readonly CollectedSpan[];
  readonly close: () => void;
}

/** @param port default: a free one. */
export async function startTraceCollector(port = 0): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  const server = new Server();
  server.addService(definition[serviceName] as ServiceDefinition, {
    Export(call: ServerUnaryCall<ExportRequest, object>, answer: sendUnaryData<object>) {
      for (const { resource, scopeSpans } of call.request.resourceSpans)
        for (const span of scopeSpans.flatMap((scope) => scope.spans)) spans.push(readSpan(span, record(resource.attributes)));
      answer(null, {});
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  );
  return { endpoint: `http://127.0.0.1:${await promise}`, spans, close: () => server.forceShutdown() };
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, Value>>;
}

interface WireSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId: Buffer;
  readonly name: string;
  readonly kind: string;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly { readonly name: string; readonly attributes: readonly KeyValue[] }[];
  readonly links: readonly { readonly traceId: Buffer; readonly spanId: Buffer }[];
  readonly status: { readonly code: string } | null;
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

function readSpan(span: WireSpan, resource: CollectedSpan["resource"]): CollectedSpan {
  return {
    traceId: span.traceId.toString("hex"),
    spanId: span.spanId.toString("hex"),
    parentSpanId: span.parentSpanId.toString("hex"),
    name: span.name,
    kind: span.kind,
    attributes: record(span.attributes),
    events: span.events.map(({ name, attributes }) => ({ name, attributes: record(attributes) })),
    links: span.links.map((link) => ({ traceId: link.traceId.toString("hex"), spanId: link.spanId.toString("hex") })),
    status: span.status?.code ?? "STATUS_CODE_UNSET",
    resource,
  };
}

/** With the loader's defaults each value holds just the one that was sent. */
function record(attributes: readonly KeyValue[]): Record<string, Value> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0] ?? ""]));
}
