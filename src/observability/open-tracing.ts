import {
  type Attributes,
  context,
  createNoopMeter,
  DiagLogLevel,
  diag,
  type MeterProvider,
  propagation,
  type TextMapPropagator,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  CompositePropagator,
  ExportResultCode,
  setGlobalErrorHandler,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { B3InjectEncoding, B3Propagator } from "@opentelemetry/propagator-b3";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { v7 as uuidV7 } from "uuid";
import type { TracePropagator, TracingSettings } from "../config/tracing-settings.ts";
import { limits } from "../domain/limits.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

interface TracingDeps {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "traceSpansLost">;
  readonly version: string;
}

/**
 * Switches tracing on for this process. Only who traces imports this file: what it loads takes 20 MB and most of a second.
 *
 * Spans wait in a bounded queue and leave in the background, so a collector that cannot be reached costs spans and one line of log, and
 * requests nothing; lost spans are counted. The exporter takes headers and certificates from the OTEL_EXPORTER_OTLP_* variables, the resource its name and
 * attributes from OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
 *
 * @returns what sends the spans that wait, as far as the collector takes them in time, and switches tracing off.
 */
export function openTracing(
  settings: TracingSettings & { readonly otlpEndpoint: string },
  { logger, metrics, version }: TracingDeps,
): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url: settings.otlpEndpoint, timeoutMillis: limits.traceExportTimeoutMs });
  const resource = defaultResource()
    .merge(resourceFromAttributes({ "service.name": "llmemory", "service.version": version, "service.instance.id": uuidV7() }))
    .merge(detectResources({ detectors: [envDetector] }));
  const provider = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: samplerOf(settings.traceSampleRatio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: reportOutages(exporter, settings.otlpEndpoint, { logger, metrics }),
        maxQueueSize: limits.traceQueueSpansMax,
        maxExportBatchSize: limits.traceExportSpansMax,
        scheduledDelayMillis: limits.traceExportDelayMs,
        selfObsMeterProvider: countDropped(metrics),
      }),
    ],
  });
  // Failed exports are told by `reportOutages`; what is left is told here, such as a queue that was full.
  setGlobalErrorHandler(() => undefined);
  const tell = (message: string) => logger.warn({ detail: message }, "tracing has a problem");
  const tellNothing = () => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: tellNothing, debug: tellNothing, verbose: tellNothing },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: settings.tracePropagators.map(createPropagator) }));
  trace.setGlobalTracerProvider(provider);
  return async () => {
    // What the collector does not take is lost, and told.
    await provider.shutdown().catch(() => undefined);
    trace.disable();
    propagation.disable();
    context.disable();
    diag.disable();
  };
}

/** For spans without a parent. Background work is traced whenever a request that asked for it is. */
function samplerOf(ratio: number): Sampler {
  const byRatio = new TraceIdRatioBasedSampler(ratio);
  return {
    shouldSample: (parent, traceId, _name, _kind, _attributes, links) =>
      links.some((link) => (link.context.traceFlags & TraceFlags.SAMPLED) !== 0)
        ? { decision: SamplingDecision.RECORD_AND_SAMPLED }
        : byRatio.shouldSample(parent, traceId),
    toString: () => byRatio.toString(),
  };
}

function createPropagator(name: TracePropagator): TextMapPropagator {
  switch (name) {
    case "tracecontext":
      return new W3CTraceContextPropagator();
    case "baggage":
      return new W3CBaggagePropagator();
    case "b3":
      return new B3Propagator();
    case "b3multi":
      return new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });
  }
}

/** Counts spans that found the queue full: nobody else is told of them than who measures the processor. */
function countDropped(metrics: TracingDeps["metrics"]): MeterProvider {
  const processed = {
    add: (count: number, attributes: Attributes = {}) => {
      if (attributes["error.type"] === "queue_full") metrics.traceSpansLost.inc({ reason: "queue_full" }, count);
    },
  };
  const meter = Object.assign(createNoopMeter(), { createCounter: () => processed });
  return { getMeter: () => meter };
}

/** The same exporter; it says once that the collector fails, and once that it works again and how many spans were lost. */
function reportOutages(
  exporter: SpanExporter,
  endpoint: string,
  { logger, metrics }: Omit<TracingDeps, "version">,
): SpanExporter {
  let spansLost = 0;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code === ExportResultCode.SUCCESS) {
          if (spansLost > 0) logger.info({ endpoint, spansLost }, "the trace collector takes spans again");
          spansLost = 0;
        } else {
          if (spansLost === 0) logger.warn({ endpoint, err: result.error }, "the trace collector takes no spans; they are lost");
          spansLost += spans.length;
          metrics.traceSpansLost.inc({ reason: "export_failed" }, spans.length);
        }
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
}
