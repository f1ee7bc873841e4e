import { TraceFlags, trace } from "@opentelemetry/api";
import { Histogram, type HistogramConfiguration, type LabelValues, type ObserveDataWithExemplar } from "prom-client";

/** Resolves 1 ms to 60 s: a search on a warm cache is near the low end, a document of the largest size near the high one. */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * A histogram of seconds. Each bucket remembers the latest trace that it counted, if that is sampled, so that a slow request on a dashboard
 * leads to its trace. Scrapers get these exemplars when they ask for OpenMetrics.
 */
export function latencyHistogram<Label extends string>(
  configuration: Omit<HistogramConfiguration<Label>, "buckets" | "enableExemplars">,
): Histogram<Label> {
  const histogram = new Histogram({ ...configuration, registers: [], buckets: secondsBuckets, enableExemplars: true });
  // Afterwards: prom-client refuses exemplars in a registry whose own format has none, although it would leave them out there.
  for (const registry of configuration.registers ?? []) registry.registerMetric(histogram);
  // With exemplars prom-client takes one object; callers need not know which histograms have them.
  const observe: (data: ObserveDataWithExemplar<string>) => void = histogram.observe.bind(histogram);
  return Object.assign(histogram, {
    observe: (labels: LabelValues<Label>, value: number) => observe({ labels, value, exemplarLabels: activeTrace() }),
  });
}

const noTrace = {};

function activeTrace(): LabelValues<string> {
  const span = trace.getActiveSpan()?.spanContext();
  if (!span || (span.traceFlags & TraceFlags.SAMPLED) === 0) return noTrace;
  return { trace_id: span.traceId, span_id: span.spanId };
}
