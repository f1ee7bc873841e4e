import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { renderMetrics } from "../../src/observability/render-metrics.ts";

/** Metrics of so many owners; more histogram lines than are written at once. */
function metricsOf(owners: number) {
  const metrics = createMetrics({ ownerLabels: true, ownerHistogramLabelsMax: owners, version: "test" });
  for (let owner = 0; owner < owners; owner++) {
    const owner_id = `owner "${owner}"`;
    metrics.searchRequests.inc({ owner_id, search_type: "text" });
    for (const search_type of ["vector", "text", "hybrid"]) metrics.searchDurationSeconds.observe({ owner_id, search_type }, 0.1);
  }
  return metrics;
}

describe("Prometheus's own text", () => {
  test("is what prom-client writes, cut into slices or not", async () => {
    const { registry } = metricsOf(100);
    // What the process is doing differs from one look to the next.
    for (const { name } of registry.getMetricsAsArray()) if (/^(process|nodejs)_/.test(name)) registry.removeSingleMetric(name);
    const { contentType, body } = await renderMetrics(registry);
    const whole = await registry.metrics();
    expect(contentType).toBe(registry.contentType);
    expect(body.split("\n").length).toBeGreaterThan(2 * limits.metricLinesAtOnce);
    expect(body.split("\n").filter(Boolean)).toEqual(whole.split("\n").filter(Boolean));
  });

  test.each([undefined, "", "text/plain", "*/*", "application/json"])("is given for accept: %s", async (accept) => {
    const { contentType } = await renderMetrics(createMetrics({ ownerLabels: true, version: "test" }).registry, accept);
    expect(contentType).toMatch(/^text\/plain/);
  });
});

describe("OpenMetrics", () => {
  const accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";

  test("names the family of a counter without _total, its samples with it, and ends as it must", async () => {
    const { contentType, body } = await renderMetrics(metricsOf(1).registry, accept);
    expect(contentType).toMatch(/^application\/openmetrics-text; version=1.0.0/);
    expect(body).toContain("# TYPE memory_search_requests counter\n");
    expect(body).toContain(`memory_search_requests_total{owner_id="owner \\"0\\"",search_type="text"} 1\n`);
    expect(body).toMatch(/\n# EOF\n$/);
    expect(body).not.toMatch(/\n\n/);
  });

  test("leaves the metrics as they are for the next scraper", async () => {
    const { registry } = metricsOf(1);
    await renderMetrics(registry, accept);
    expect((await renderMetrics(registry)).body).toContain("# TYPE memory_search_requests_total counter\n");
  });
});

test("while it writes, others have their turn", async () => {
  const { registry } = metricsOf(100);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await renderMetrics(registry);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});

const promtool = spawnSync("promtool", ["--version"]).status === 0;

test.skipIf(!promtool)("promtool finds nothing wrong with the format", async () => {
  const { body } = await renderMetrics(metricsOf(2).registry);
  const { stderr, stdout } = spawnSync("promtool", ["check", "metrics"], { input: body, encoding: "utf8" });
  // It also lints names, of which the monitoring guide and Node's have their own ideas.
  expect(`${stdout}${stderr}`).not.toMatch(/error|invalid|unexpected/i);
});
