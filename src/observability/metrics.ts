import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { limits } from "../domain/limits.ts";
import { latencyHistogram } from "./latency-histogram.ts";
import { OwnerLabels } from "./owner-label.ts";

const bytesBuckets = [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 15_728_640];
const countBuckets = [0, 1, 2, 5, 10, 20, 50, 100];
const chunkBuckets = [1, 2, 5, 10, 20, 50, 100, 500, 1_000, 10_000];

export type Metrics = ReturnType<typeof createMetrics>;

export interface MetricsOptions {
  /** Default: yes. Otherwise nothing is observed, and `/metrics` says so. */
  readonly enableMonitoring?: boolean;
  /** Whether `owner_id` names owners; otherwise its value is always `_other`. */
  readonly ownerLabels: boolean;
  /** Owners that are named. Default: that of the limits. */
  readonly ownerLabelsMax?: number;
  /** The same in histograms, of which each owner has one for every other label, with 18 lines. */
  readonly ownerHistogramLabelsMax?: number;
  readonly version: string;
}

/**
 * The catalogue of metrics: every name, label and bucket of the service. Names that begin with `memory_` are those of llmemory's
 * monitoring guide.
 */
export function createMetrics(options: MetricsOptions) {
  const { enableMonitoring: isOn = true, ownerLabels, ownerLabelsMax, ownerHistogramLabelsMax } = options;
  const registry = new Registry();
  const registers = [registry];
  if (isOn) collectDefaultMetrics({ register: registry });
  const rpcLabels = ["grpc_service", "grpc_method", "grpc_type"] as const;
  const buildInfo = new Gauge({
    name: "llmemory_build_info",
    help: "1; the labels say what runs",
    labelNames: ["version", "node"],
    registers,
  });
  buildInfo.set({ version: options.version, node: process.version }, 1);

  const metrics = {
    registry,
    isOn,
    owners: new OwnerLabels(ownerLabels ? (ownerLabelsMax ?? limits.ownerLabelsMax) : 0),
    histogramOwners: new OwnerLabels(ownerLabels ? (ownerHistogramLabelsMax ?? limits.ownerHistogramLabelsMax) : 0),

    documents: new Counter({
      name: "memory_documents_total",
      help: "Documents stored: created or updated",
      labelNames: ["owner_id", "document_type"],
      registers,
    }),
    documentProcessingSeconds: latencyHistogram({
      name: "memory_document_processing_seconds",
      help: "Time from a checked document to its commit; a group commit counts for each of its documents",
      labelNames: ["owner_id", "document_type"],
      registers,
    }),
    documentSizeBytes: new Histogram({
      name: "memory_document_size_bytes",
      help: "Size of the content of stored documents in bytes of UTF-8",
      labelNames: ["owner_id", "document_type"],
      buckets: bytesBuckets,
      registers,
    }),
    chunksPerDocument: new Histogram({
      name: "memory_chunks_per_document",
      help: "Leaf chunks of stored documents",
      labelNames: ["owner_id", "document_type"],
      buckets: chunkBuckets,
      registers,
    }),

    enrichmentModelDurationSeconds: latencyHistogram({
      name: "memory_enrichment_model_duration_seconds",
      help: "Time of a call of the chat model for context prefixes and summaries of chunks; answered or not",
      labelNames: ["model"],
      registers,
    }),
    enrichmentModelFailures: new Counter({
      name: "memory_enrichment_model_failures_total",
      help: "Calls of the chat model that gave nothing for chunks, which were stored with template and extract instead; it is not called while `paused` after failures, or when an add is `late`",
      labelNames: ["model", "reason"],
      registers,
    }),

    searchRequests: new Counter({
      name: "memory_search_requests_total",
      help: "Searches answered or failed",
      labelNames: ["owner_id", "search_type"],
      registers,
    }),
    searchDurationSeconds: latencyHistogram({
      name: "memory_search_duration_seconds",
      help: "Time of a search, embedding of the query included",
      labelNames: ["owner_id", "search_type"],
      registers,
    }),
    searchResultsCount: new Histogram({
      name: "memory_search_results_count",
      help: "Results per answered search",
      labelNames: ["owner_id", "search_type"],
      buckets: countBuckets,
      registers,
    }),

    searchModelDurationSeconds: latencyHistogram({
      name: "memory_search_model_duration_seconds",
      help: "Time that a search has waited for a model, by what it asked: expansion, rerank or routing; answered or not",
      labelNames: ["task", "model"],
      registers,
    }),
    searchModelFailures: new Counter({
      name: "memory_search_model_failures_total",
      help: "Times that a model was of no help to a search, which went on without it",
      labelNames: ["task", "model", "reason"],
      registers,
    }),
    searchCacheHits: new Counter({
      name: "memory_search_cache_hits_total",
      help: "Searches answered from the result cache",
      labelNames: ["owner_id"],
      registers,
    }),
    searchCacheMisses: new Counter({
      name: "memory_search_cache_misses_total",
      help: "Searches that the result cache could have answered but did not hold, or held of an older version of the owner's data",
      labelNames: ["owner_id"],
      registers,
    }),
    queryCacheHits: new Counter({
      name: "memory_query_cache_hits_total",
      help: "Queries whose embedding was in the cache or under way for another search",
      registers,
    }),
    queryCacheMisses: new Counter({
      name: "memory_query_cache_misses_total",
      help: "Queries that had to be embedded",
      registers,
    }),
    cacheBytes: new Gauge({
      name: "memory_cache_bytes",
      help: "Memory that a cache takes, by estimate: `query` holds vectors of queries, `result` whole answers",
      labelNames: ["cache"],
      registers,
    }),
    cacheEntries: new Gauge({
      name: "memory_cache_entries",
      help: "What a cache holds",
      labelNames: ["cache"],
      registers,
    }),
    searchRecall: new Gauge({
      name: "memory_search_recall",
      help: "Share of the nearest chunks that approximate searches find, by size of the owner: the mean of the latest audits of this process",
      labelNames: ["owner_size"],
      registers,
    }),
    searchRecallAudits: new Counter({
      name: "memory_search_recall_audits_total",
      help: "Approximate searches that were compared with exact ones: measured, late when there was not enough time, or failed",
      labelNames: ["owner_size", "outcome"],
      registers,
    }),
    searchHistoryDropped: new Counter({
      name: "memory_search_history_dropped_total",
      help: "Searches that are missing from the history, since too many waited to be written or could not be",
      registers,
    }),

    embeddingsGenerated: new Counter({
      name: "memory_embeddings_generated_total",
      help: "Texts embedded, queries included",
      labelNames: ["provider", "model"],
      registers,
    }),
    embeddingDurationSeconds: latencyHistogram({
      name: "memory_embedding_duration_seconds",
      help: "Time of one call of the embedding provider: a query or a batch of chunks",
      labelNames: ["provider", "model"],
      registers,
    }),
    embeddingsFailed: new Counter({
      name: "memory_embeddings_failed_total",
      help: "Texts whose embedding failed in one attempt",
      labelNames: ["provider", "reason"],
      registers,
    }),
    embeddingTextsCut: new Counter({
      name: "memory_embedding_texts_cut_total",
      help: "Texts that were longer than the embedding model takes and lost their end",
      labelNames: ["provider", "model"],
      registers,
    }),
    embeddingQueueSize: new Gauge({
      name: "memory_embedding_queue_size",
      help: "Chunks that wait for their embedding, database-wide: take the maximum over processes",
      labelNames: ["owner_id"],
      registers,
    }),
    embeddingJobs: new Gauge({
      name: "memory_embedding_jobs",
      help: "Embedding jobs by state, database-wide: pending, leased by a worker, or dead",
      labelNames: ["state"],
      registers,
    }),
    embeddingJobsClaimed: new Counter({
      name: "memory_embedding_jobs_claimed_total",
      help: "Embedding jobs that this process has taken",
      labelNames: ["model"],
      registers,
    }),
    embeddingJobsSettled: new Counter({
      name: "memory_embedding_jobs_settled_total",
      help: "Embedding jobs that this process has settled: embedded, reused (the owner had the vector), failed (tried again later), dead (not tried again), or returned untried",
      labelNames: ["model", "outcome"],
      registers,
    }),
    embeddingJobsDead: new Gauge({
      name: "memory_embedding_jobs_dead",
      help: "Chunks whose embedding has failed for good, database-wide",
      registers,
    }),
    embeddingQueueOldestSeconds: new Gauge({
      name: "memory_embedding_queue_oldest_age_seconds",
      help: "Age of the oldest chunk that waits for its embedding; 0 if none does",
      registers,
    }),

    embeddingMigrationChunks: new Gauge({
      name: "memory_embedding_migration_chunks",
      help: "While a model is being built: chunks in all (total), those that have its vector (done), and those that cannot have it (dead), database-wide",
      labelNames: ["model", "state"],
      registers,
    }),

    dbPoolSize: new Gauge({
      name: "memory_db_pool_size",
      help: "Database connections: total is the configured maximum, idle is total less active",
      labelNames: ["status"],
      registers,
    }),
    dbPoolWaiting: new Gauge({ name: "memory_db_pool_waiting", help: "Requests that wait for a database connection", registers }),
    dbQueryDurationSeconds: latencyHistogram({
      name: "memory_db_query_duration_seconds",
      help: "Time of one SQL statement on the wire, by the statement's name",
      labelNames: ["query_type"],
      registers,
    }),
    dbSlowQueries: new Counter({
      name: "memory_db_slow_queries_total",
      help: "SQL statements above the threshold of slow queries",
      labelNames: ["query_type"],
      registers,
    }),
    dbErrors: new Counter({
      name: "memory_db_errors_total",
      help: "Failed SQL statements by SQLSTATE class, or `connection`",
      labelNames: ["error_type"],
      registers,
    }),

    traceSpansLost: new Counter({
      name: "memory_trace_spans_lost_total",
      help: "Spans that no collector has: too many waited (queue_full), or the collector did not take them (export_failed)",
      labelNames: ["reason"],
      registers,
    }),

    grpcStarted: new Counter({ name: "grpc_server_started_total", help: "RPCs started", labelNames: rpcLabels, registers }),
    grpcHandled: new Counter({
      name: "grpc_server_handled_total",
      help: "RPCs ended, by status code; those that no interceptor saw are counted under the method `unknown`",
      labelNames: [...rpcLabels, "grpc_code"],
      registers,
    }),
    grpcHandlingSeconds: latencyHistogram({
      name: "grpc_server_handling_seconds",
      help: "Time from the start of an RPC to its end; for streams to the last message",
      labelNames: rpcLabels,
      registers,
    }),
    grpcMessagesReceived: new Counter({
      name: "grpc_server_msg_received_total",
      help: "Messages received on RPCs",
      labelNames: rpcLabels,
      registers,
    }),
    grpcMessagesSent: new Counter({
      name: "grpc_server_msg_sent_total",
      help: "Messages sent on RPCs",
      labelNames: rpcLabels,
      registers,
    }),
  };
  if (!isOn) for (const metric of registry.getMetricsAsArray()) Object.assign(metric, silent);
  return metrics;
}

/** What a metric does where monitoring is off. */
const silent = { inc: () => {}, set: () => {}, observe: () => {}, reset: () => {} };
