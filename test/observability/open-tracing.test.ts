import { trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { openTracing } from "../../src/observability/open-tracing.ts";
import { freePort } from "../support/free-port.ts";
import { silentLogger } from "../support/test-storage.ts";
import { startTraceCollector, type TraceCollector } from "../support/trace-collector.ts";

/** Spans that the queue takes in one turn: the first batch leaves at once. */
const takenMax = limits.traceExportSpansMax + limits.traceQueueSpansMax;

describe("spans that no collector has are counted:", () => {
  let collector: TraceCollector;

  beforeEach(async () => {
    collector = await startTraceCollector();
  });
  afterEach(() => collector.close());

  /** Ends so many spans in one turn, waits until they are sent or given up, and gives the counts of lost ones. */
  async function lose(otlpEndpoint: string, spanCount: number) {
    const metrics = createMetrics({ ownerLabels: true, version: "test" });
    const settings = { otlpEndpoint, traceSampleRatio: 1, tracePropagators: [] };
    const closeTracing = openTracing(settings, { logger: silentLogger, metrics, version: "test" });
    const tracer = trace.getTracer("test");
    for (let index = 0; index < spanCount; index++) tracer.startSpan("span").end();
    await closeTracing();
    const { values } = await metrics.traceSpansLost.get();
    return values.map(({ labels, value }) => [labels.reason, value]);
  }

  test("none, if all arrive", async () => {
    expect(await lose(collector.endpoint, takenMax)).toEqual([]);
    expect(collector.spans).toHaveLength(takenMax);
  });

  test("those that find the queue full", async () => {
    expect(await lose(collector.endpoint, takenMax + 5)).toEqual([["queue_full", 5]]);
    expect(collector.spans).toHaveLength(takenMax);
  });

  test("those that a collector does not take", async () => {
    expect(await lose(`http://127.0.0.1:${await freePort()}`, 3)).toEqual([["export_failed", 3]]);
  });
});
