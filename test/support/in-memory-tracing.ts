import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

export interface InMemoryTracing {
  /** Those that have ended, in that order. */
  readonly spans: () => readonly ReadableSpan[];
  readonly close: () => Promise<void>;
}

/** OpenTelemetry in this process, every span kept. */
export function openInMemoryTracing(): InMemoryTracing {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  const close = async () => {
    trace.disable();
    propagation.disable();
    context.disable();
    await provider.shutdown();
  };
  return { spans: () => exporter.getFinishedSpans(), close };
}
