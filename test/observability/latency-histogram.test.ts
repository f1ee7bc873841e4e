import { context, ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { afterEach, expect, test } from "vitest";
import { createMetrics } from "../../src/observability/metrics.ts";
import { renderMetrics } from "../../src/observability/render-metrics.ts";

const spanContext = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
const openMetrics = "application/openmetrics-text; version=1.0.0";

afterEach(() => context.disable());

/** Makes a span of these flags the active one. */
function activate(traceFlags: TraceFlags): void {
  const active = trace.setSpanContext(ROOT_CONTEXT, { ...spanContext, traceFlags });
  const manager = {
    active: () => active,
    with: <A extends unknown[], F extends (...args: A) => ReturnType<F>>(_context: unknown, run: F, self?: unknown, ...args: A) =>
      run.apply(self, args),
    bind: <T>(_context: unknown, target: T) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager);
}

async function observed() {
  const metrics = createMetrics({ ownerLabels: true, version: "test" });
  metrics.searchDurationSeconds.observe({ owner_id: "ada", search_type: "hybrid" }, 0.03);
  const lines = async (accept?: string) => {
    const { body } = await renderMetrics(metrics.registry, accept);
    return body.split("\n").filter((line) => line.startsWith("memory_search_duration_seconds_bucket"));
  };
  return { text: await lines(), openMetrics: await lines(openMetrics) };
}

test("the bucket of an observation names its trace, in OpenMetrics alone", async () => {
  activate(TraceFlags.SAMPLED);
  const written = await observed();
  const exemplars = written.openMetrics.filter((line) => line.includes(" # "));
  expect(exemplars).toHaveLength(1);
  expect(exemplars[0]).toMatch(
    /^memory_search_duration_seconds_bucket\{le="0.05",owner_id="ada",search_type="hybrid"\} 1 # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"\} 0.03 \d+(\.\d+)?$/,
  );
  expect(written.text.join("\n")).not.toContain("trace_id");
});

test("a trace that is not sampled, and no trace, leave no exemplar", async () => {
  expect((await observed()).openMetrics.join("\n")).not.toContain(" # ");
  activate(TraceFlags.NONE);
  expect((await observed()).openMetrics.join("\n")).not.toContain(" # ");
});
