/** The Grafana dashboards of `deploy/grafana`: `npm run dashboards` writes them as JSON. */
import { VizLegendOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableHide,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** A panel: what is drawn, in which unit of Grafana's, and how each query's series are called. */
interface PanelDefinition {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  /** PromQL by legend; `$from` in it stands for the label matchers that every query needs. */
  readonly queries: Readonly<Record<string, string>>;
  /** Of the 24 columns. */
  readonly width?: number;
}

interface RowDefinition {
  readonly title: string;
  readonly panels: readonly PanelDefinition[];
}

const prometheus = { type: "prometheus", uid: "$datasource" };
const matchers = 'job=~"$job", instance=~"$instance"';

const quantileOf = (quantile: number, metric: string, by = "le") =>
  `histogram_quantile(${quantile}, sum by (${by}) (rate(${metric}_bucket{$from}[$__rate_interval])))`;

const quantiles = (metric: string) => ({
  p50: quantileOf(0.5, metric),
  p95: quantileOf(0.95, metric),
  p99: quantileOf(0.99, metric),
});

const overview: readonly RowDefinition[] = [
  {
    title: "Memory Service Overview",
    panels: [
      {
        title: "Document Processing Rate",
        description: "Documents stored per second, by type",
        unit: "ops",
        queries: { "{{document_type}}": "sum by (document_type) (rate(memory_documents_total{$from}[$__rate_interval]))" },
      },
      {
        title: "Search Request Rate",
        description: "Searches per second, by type",
        unit: "reqps",
        queries: { "{{search_type}}": "sum by (search_type) (rate(memory_search_requests_total{$from}[$__rate_interval]))" },
      },
      {
        title: "Active Documents",
        description: "Documents stored since each process started, by owner",
        unit: "short",
        queries: { "{{owner_id}}": "sum by (owner_id) (memory_documents_total{$from})" },
      },
    ],
  },
  {
    title: "Requests",
    panels: [
      {
        title: "RPCs",
        description: "RPCs ended per second, by method",
        unit: "reqps",
        queries: { "{{grpc_method}}": "sum by (grpc_method) (rate(grpc_server_handled_total{$from}[$__rate_interval]))" },
        width: 6,
      },
      {
        title: "RPC Errors",
        description: "RPCs per second that did not end with OK, by code",
        unit: "reqps",
        queries: {
          "{{grpc_code}}": 'sum by (grpc_code) (rate(grpc_server_handled_total{$from, grpc_code!="OK"}[$__rate_interval]))',
        },
        width: 6,
      },
      {
        title: "RPC Latency (p95)",
        description: "What 95 % of the RPCs of each method stay below",
        unit: "s",
        queries: { "{{grpc_method}}": quantileOf(0.95, "grpc_server_handling_seconds", "le, grpc_method") },
        width: 6,
      },
      {
        title: "Lost Spans",
        description: "Spans of traces per second that no collector has, by reason",
        unit: "ops",
        queries: { "{{reason}}": "sum by (reason) (rate(memory_trace_spans_lost_total{$from}[$__rate_interval]))" },
        width: 6,
      },
    ],
  },
  {
    title: "Embedding",
    panels: [
      {
        title: "Embedding Queue",
        description: "Chunks that wait for their embedding, by owner; every process reports the queue of the whole database",
        unit: "short",
        queries: { "{{owner_id}}": "max by (owner_id) (memory_embedding_queue_size{$from})" },
        width: 6,
      },
      {
        title: "Oldest Waiting Chunk",
        description: "How long the oldest chunk has waited for its embedding",
        unit: "s",
        queries: { age: "max(memory_embedding_queue_oldest_age_seconds{$from})" },
        width: 6,
      },
      {
        title: "Dead Embedding Jobs",
        description: "Chunks whose embedding has failed for good",
        unit: "short",
        queries: { dead: "max(memory_embedding_jobs_dead{$from})" },
        width: 6,
      },
      {
        title: "Model Migration",
        description:
          "While a model is being built: chunks in all, those that have its vector, and those that cannot have it, of the whole database",
        unit: "short",
        queries: { "{{state}}": "max by (state) (memory_embedding_migration_chunks{$from})" },
        width: 6,
      },
    ],
  },
];

const performance: readonly RowDefinition[] = [
  {
    title: "Performance Metrics",
    panels: [
      {
        title: "Search Latency (p95)",
        description: "What half, 95 % and 99 % of the searches stay below",
        unit: "s",
        queries: quantiles("memory_search_duration_seconds"),
      },
      {
        title: "Document Processing Time",
        description: "Time from a checked document to its commit",
        unit: "s",
        queries: quantiles("memory_document_processing_seconds"),
      },
      {
        title: "Embedding Generation Time",
        description: "Time of one call of the embedding provider",
        unit: "s",
        queries: quantiles("memory_embedding_duration_seconds"),
      },
    ],
  },
  {
    title: "Search",
    panels: [
      {
        title: "Results per Search",
        description: "Mean number of results",
        unit: "short",
        queries: {
          "{{search_type}}":
            "sum by (search_type) (rate(memory_search_results_count_sum{$from}[$__rate_interval])) / sum by (search_type) (rate(memory_search_results_count_count{$from}[$__rate_interval]))",
        },
      },
      {
        title: "Result Cache",
        description: "Searches per second that the result cache answered, and that it could not",
        unit: "ops",
        queries: {
          hits: "sum(rate(memory_search_cache_hits_total{$from}[$__rate_interval]))",
          misses: "sum(rate(memory_search_cache_misses_total{$from}[$__rate_interval]))",
        },
      },
      {
        title: "Recall of the Approximate Index",
        description:
          "Part of the exact results that the approximate index finds, by the size of the owner; from sampled searches",
        unit: "percentunit",
        queries: { "{{owner_size}}": "min by (owner_size) (memory_search_recall{$from})" },
      },
    ],
  },
  {
    title: "Process",
    panels: [
      {
        title: "Event Loop Delay (p99)",
        description: "What 99 % of the delays of the event loop stay below",
        unit: "s",
        queries: { "{{instance}}": "nodejs_eventloop_lag_p99_seconds{$from}" },
      },
      {
        title: "Resident Memory",
        description: "Memory of each process",
        unit: "bytes",
        queries: { "{{instance}}": "process_resident_memory_bytes{$from}" },
      },
      {
        title: "CPU",
        description: "Cores that each process uses",
        unit: "short",
        queries: { "{{instance}}": "sum by (instance) (rate(process_cpu_seconds_total{$from}[$__rate_interval]))" },
      },
    ],
  },
];

const database: readonly RowDefinition[] = [
  {
    title: "Database Metrics",
    panels: [
      {
        title: "Connection Pool Usage",
        description: "Connections that work, that are free, and requests that wait for one",
        unit: "short",
        queries: {
          active: 'sum(memory_db_pool_size{$from, status="active"})',
          idle: 'sum(memory_db_pool_size{$from, status="idle"})',
          waiting: "sum(memory_db_pool_waiting{$from})",
        },
        width: 12,
      },
      {
        title: "Slow Queries",
        description: "Statements per second that took longer than the threshold, by name",
        unit: "ops",
        queries: { "{{query_type}}": "sum by (query_type) (rate(memory_db_slow_queries_total{$from}[$__rate_interval]))" },
        width: 12,
      },
    ],
  },
  {
    title: "Statements",
    panels: [
      {
        title: "Statement Rate",
        description: "Statements per second, by name",
        unit: "ops",
        queries: {
          "{{query_type}}":
            "topk(10, sum by (query_type) (rate(memory_db_query_duration_seconds_count{$from}[$__rate_interval])))",
        },
      },
      {
        title: "Statement Time (p95)",
        description: "What 95 % of the statements of each name stay below",
        unit: "s",
        queries: { "{{query_type}}": `topk(10, ${quantileOf(0.95, "memory_db_query_duration_seconds", "le, query_type")})` },
      },
      {
        title: "Database Errors",
        description: "Failed statements per second, by class of SQLSTATE",
        unit: "ops",
        queries: { "{{error_type}}": "sum by (error_type) (rate(memory_db_errors_total{$from}[$__rate_interval]))" },
      },
    ],
  },
];

/** The guide's sample, for the chosen instances and over the interval that is shown. */
const monitoring: readonly RowDefinition[] = [
  {
    title: "Memory Service Monitoring",
    panels: [
      {
        title: "Request Rate",
        description: "Documents stored per second, by type",
        unit: "ops",
        queries: { "{{document_type}}": "sum by (document_type) (rate(memory_documents_total{$from}[$__rate_interval]))" },
        width: 12,
      },
      {
        title: "Search Performance",
        description: "What 95 % of the searches stay below",
        unit: "s",
        queries: { "p95 latency": quantileOf(0.95, "memory_search_duration_seconds") },
        width: 12,
      },
    ],
  },
];

/** By file name. */
export const dashboards: Readonly<Record<string, Dashboard>> = {
  "overview.json": dashboard("llmemory-overview", "Memory Service Overview", overview),
  "performance.json": dashboard("llmemory-performance", "Performance Metrics", performance),
  "database.json": dashboard("llmemory-database", "Database Metrics", database),
  "monitoring.json": dashboard("llmemory-monitoring", "Memory Service Monitoring", monitoring, ["llmemory", "production"]),
};

/** A panel's query as Grafana asks it when every job and instance is chosen; the interval of rates is a duration such as `30s`. */
export function chooseEverything(query: string, rateInterval: string): string {
  return query.replaceAll("$job", ".+").replaceAll("$instance", ".+").replaceAll("$__rate_interval", rateInterval);
}

function dashboard(
  uid: string,
  title: string,
  rows: readonly RowDefinition[],
  tags: readonly string[] = ["llmemory"],
): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .tags([...tags])
    .timezone("utc")
    .readonly()
    .refresh("30s")
    .time({ from: "now-1h", to: "now" })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus").hide(VariableHide.DontHide))
    .withVariable(labelVariable("job", "Job", "label_values(llmemory_build_info, job)"))
    .withVariable(labelVariable("instance", "Instance", 'label_values(llmemory_build_info{job=~"$job"}, instance)'));
  for (const { title: rowTitle, panels } of rows) {
    builder.withRow(new RowBuilder(rowTitle));
    for (const definition of panels) builder.withPanel(panel(definition));
  }
  return builder.build();
}

function labelVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(prometheus)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue(".+");
}

function panel({ title, description, unit, queries, width = 8 }: PanelDefinition): PanelBuilder {
  const builder = new PanelBuilder()
    .title(title)
    .description(description)
    .datasource(prometheus)
    .unit(unit)
    .min(0)
    .fillOpacity(10)
    .height(8)
    .span(width)
    .legend(new VizLegendOptionsBuilder().showLegend(true));
  for (const [index, [legend, query]] of Object.entries(queries).entries()) {
    builder.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCharCode("A".charCodeAt(0) + index))
        .datasource(prometheus)
        .expr(query.replaceAll("$from", matchers))
        .legendFormat(legend),
    );
  }
  return builder;
}
