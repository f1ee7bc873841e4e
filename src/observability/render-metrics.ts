import { setImmediate as nextTurn } from "node:timers/promises";
import { type Metric, type MetricObject, type OpenMetricsContentType, Registry } from "prom-client";
import { limits } from "../domain/limits.ts";

/** What a metric gives to be written: the form that prom-client itself writes, which its types do not declare. */
interface Samples extends Pick<MetricObject, "name" | "help"> {
  readonly type: string;
  readonly values: readonly unknown[];
}

interface Source {
  readonly get: () => Promise<Samples>;
  /** Of histograms: labels that buckets share are written once. */
  readonly getForPromString?: () => Promise<Samples>;
}

/**
 * Writes all metrics as text, a slice at a time, so that a scrape of a hundred owners does not make requests wait.
 *
 * @param accept the scraper's `accept` header: one that names OpenMetrics gets that, with exemplars, any other Prometheus's own text.
 */
export async function renderMetrics(registry: Registry, accept = ""): Promise<{ contentType: string; body: string }> {
  const isOpenMetrics = /\bapplication\/openmetrics-text\b/i.test(accept);
  const contentType = isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  const parts: string[] = [];
  for (const source of registry.getMetricsAsArray() as unknown as readonly Source[]) {
    const samples = await (source.getForPromString ?? source.get).call(source);
    for (let from = 0; from === 0 || from < samples.values.length; from += limits.metricLinesAtOnce) {
      await nextTurn();
      const slice = samples.values.slice(from, from + limits.metricLinesAtOnce);
      const text = await write({ ...samples, values: slice }, isOpenMetrics);
      // Help and type, two lines, belong to the first slice alone.
      parts.push(from === 0 ? text : text.slice(text.indexOf("\n", text.indexOf("\n") + 1) + 1));
    }
  }
  return { contentType, body: `${parts.join("\n")}\n${isOpenMetrics ? "# EOF\n" : ""}` };
}

/** A registry can only be asked for metrics that it holds, and changes the names of counters when it writes OpenMetrics. */
async function write(samples: Samples, isOpenMetrics: boolean): Promise<string> {
  const writer = isOpenMetrics ? openMetricsRegistry() : new Registry();
  // There a counter's name goes without `_total`, which the writer adds to its samples.
  const name = isOpenMetrics && samples.type === "counter" ? samples.name.replace(/_total$/, "") : samples.name;
  writer.registerMetric({ name, get: async () => ({ ...samples, name }) } as unknown as Metric);
  return await writer.getSingleMetricAsString(name);
}

function openMetricsRegistry(): Registry<OpenMetricsContentType> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}
