import { describe, expect, it } from "vitest";
import { createMetrics } from "../../src/observability/metrics.ts";

/** Names and labels of llmemory's monitoring guide. */
const guide: Readonly<Record<string, readonly string[]>> = {
  memory_documents_total: ["owner_id", "document_type"],
  memory_document_processing_seconds: ["owner_id", "document_type"],
  memory_document_size_bytes: ["owner_id", "document_type"],
  memory_chunks_per_document: ["owner_id", "document_type"],
  memory_search_requests_total: ["owner_id", "search_type"],
  memory_search_duration_seconds: ["owner_id", "search_type"],
  memory_search_results_count: ["owner_id", "search_type"],
  memory_search_cache_hits_total: ["owner_id"],
  memory_search_cache_misses_total: ["owner_id"],
  memory_embeddings_generated_total: ["provider", "model"],
  memory_embedding_duration_seconds: ["provider", "model"],
  memory_embedding_queue_size: ["owner_id"],
  memory_embeddings_failed_total: ["provider", "reason"],
  memory_db_pool_size: ["status"],
  memory_db_query_duration_seconds: ["query_type"],
  memory_db_slow_queries_total: ["query_type"],
  memory_db_errors_total: ["error_type"],
};

/** What prom-client knows of a metric but does not declare. */
interface Declared {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

function declaredMetrics(): Map<string, Declared> {
  const metrics = createMetrics({ ownerLabels: true, version: "test" });
  const declared = Object.values(metrics).filter(
    (metric): metric is Extract<typeof metric, object> & Declared =>
      typeof metric === "object" && "labelNames" in metric && "name" in metric,
  );
  return new Map(declared.map((metric) => [metric.name, metric]));
}

describe("the catalogue of metrics", () => {
  const declared = declaredMetrics();

  it.each(Object.entries(guide))("has %s with the guide's labels", (name, labels) => {
    expect(declared.get(name)?.labelNames).toEqual(labels);
  });

  it("has those of every RPC", () => {
    for (const name of ["grpc_server_started_total", "grpc_server_handled_total", "grpc_server_handling_seconds"])
      expect(declared.get(name)?.labelNames).toEqual(expect.arrayContaining(["grpc_service", "grpc_method", "grpc_type"]));
  });

  it("has those of the process, and says what runs", async () => {
    const { registry } = createMetrics({ ownerLabels: true, version: "1.2.3" });
    const text = await registry.metrics();
    expect(text).toContain("process_resident_memory_bytes");
    expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
    expect(text).toContain(`llmemory_build_info{version="1.2.3",node="${process.version}"} 1`);
  });

  it("names its metrics as Prometheus asks: counters end in _total, with a help text each", async () => {
    const { registry } = createMetrics({ ownerLabels: true, version: "test" });
    const own = (await registry.getMetricsAsJSON()).filter(({ name }) => /^(memory|grpc|llmemory)_/.test(name));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter(({ name, type }) => String(type) === "counter" && !name.endsWith("_total"))).toEqual([]);
    expect(own.filter(({ help }) => help.length < 10)).toEqual([]);
  });

  it("observes nothing where monitoring is off", async () => {
    const metrics = createMetrics({ enableMonitoring: false, ownerLabels: true, version: "test" });
    metrics.documents.inc({ owner_id: "ada", document_type: "text" });
    metrics.searchDurationSeconds.observe({ owner_id: "ada", search_type: "text" }, 1);
    metrics.dbPoolSize.set({ status: "total" }, 10);
    const text = await metrics.registry.metrics();
    expect(text).not.toContain("ada");
    expect(text).not.toMatch(/^(process|nodejs)_|status="total"/m);
    expect(metrics.isOn).toBe(false);
  });

  it("can be made twice in one process", () => {
    expect(() => [declaredMetrics(), declaredMetrics()]).not.toThrow();
  });
});
