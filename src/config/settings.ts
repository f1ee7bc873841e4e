import { availableParallelism } from "node:os";
import { type ChunkSummary, type ContextPrefix, chunkSummaries, contextPrefixes } from "../domain/enrichment.ts";
import { defaultIndexProfile, type IndexProfile, indexProfileNames } from "../domain/index-profile.ts";
import { limits } from "../domain/limits.ts";
import { type AlertSettings, alertSettingDefinitions } from "./alert-settings.ts";
import { type CacheSettings, cacheSettingDefinitions } from "./cache-settings.ts";
import { type ListenAddress, parseListenAddress } from "./listen-address.ts";
import { type LogSettings, logSettingDefinitions } from "./log-settings.ts";
import { type SearchSettings, searchSettingDefinitions } from "./search-settings.ts";
import type { SettingDefinitions } from "./setting-definition.ts";
import { databaseUrl, httpUrl, oneOf, schemaName, trueOrFalse, wholeNumber } from "./setting-parsers.ts";
import { type TlsSettings, tlsSettingDefinitions } from "./tls-settings.ts";
import { type TracingSettings, tracingSettingDefinitions } from "./tracing-settings.ts";

/** Every setting of the service, read once at start from the environment; command-line options override it. */
export interface Settings extends AlertSettings, CacheSettings, LogSettings, SearchSettings, TlsSettings, TracingSettings {
  /** PostgreSQL to use; undefined: the embedded database under `dataDirectory`. */
  readonly databaseUrl: string | undefined;
  readonly dataDirectory: string;
  readonly schema: string;
  readonly databasePoolSizeMax: number;
  readonly grpcAddress: ListenAddress;
  readonly httpAddress: ListenAddress;
  /** Where `worker` tells of its metrics and health; undefined: nowhere. */
  readonly workerHttpAddress: ListenAddress | undefined;
  /** Allows listeners beyond loopback that anybody may speak to, or that nothing encrypts. */
  readonly insecure: boolean;
  readonly embeddingProvider: "local" | "openai" | "hashing";
  /** Name by which the endpoint of the openai provider knows its model; set if that is the provider. */
  readonly embeddingModel: string | undefined;
  /** Endpoint that speaks OpenAI's embeddings. */
  readonly embeddingBaseUrl: string;
  /** Secret; undefined: `embeddingApiKeyFile` or `openaiApiKey` holds it, or the endpoint asks for none. */
  readonly embeddingApiKey: string | undefined;
  readonly embeddingApiKeyFile: string | undefined;
  /** Secret; used if there is no other key, and only at OpenAI's own address, since other programs set it for that. */
  readonly openaiApiKey: string | undefined;
  /** Components of a vector; undefined: as many as the model is known to have, and 384 with hashing. */
  readonly embeddingDimension: number | undefined;
  /** What the model wants before a document's text; undefined: what it is known to want. */
  readonly embeddingDocumentPrefix: string | undefined;
  /** The same before a query. */
  readonly embeddingQueryPrefix: string | undefined;
  /** Tokens that the model reads of one text, prefix included; undefined: as many as it is known to read. */
  readonly embeddingInputTokens: number | undefined;
  /** What the endpoint allows this process; undefined: no limit. */
  readonly embeddingRequestsPerMinute: number | undefined;
  readonly embeddingTokensPerMinute: number | undefined;
  /** How long one request of the openai provider may take. */
  readonly embeddingTimeoutMs: number;
  /** Texts of one request at most. */
  readonly embeddingBatchSize: number;
  /** Tokens of one request at most, by estimate. */
  readonly embeddingBatchTokens: number;
  /** Threads that embed documents; one more is kept for queries. */
  readonly embeddingWorkers: number;
  /** What the approximate index of a new table of vectors is built for; undefined: the default. A table that is there keeps its own. */
  readonly indexProfile: IndexProfile | undefined;
  /** Where the local model's files are; undefined: those that come with llmemory. */
  readonly modelDirectory: string | undefined;
  /** Endpoint that speaks OpenAI's chat completions; undefined: no chat model, and neither is `chatModel` set. */
  readonly chatBaseUrl: string | undefined;
  readonly chatModel: string | undefined;
  /** Secret; undefined: `chatApiKeyFile` holds it, or the endpoint asks for none. */
  readonly chatApiKey: string | undefined;
  readonly chatApiKeyFile: string | undefined;
  readonly chatTimeoutMs: number;
  /** Of documents that do not say what to make of their chunks; undefined: template, and none with the hashing provider. */
  readonly contextPrefix: ContextPrefix | undefined;
  readonly chunkSummaries: ChunkSummary;
  /** What the chat model has not written of a document's chunks by then is left to template and extract. */
  readonly enrichmentTimeoutMs: number;
  /** Where the files of a cross-encoder are; undefined: there is none. */
  readonly crossEncoderDirectory: string | undefined;
  /** Whether `serve` works off embedding jobs itself; switch it off where `llmemory worker` processes do. */
  readonly embedInServe: boolean;
  /** Chunks of all owners that may wait for their vectors before less is taken in. */
  readonly embeddingQueueMax: number;
  /** How long searches are remembered; 0: not at all. */
  readonly searchHistoryDays: number;
  /** Whether metrics are kept and shown. */
  readonly enableMonitoring: boolean;
  /** Whether metric labels name owners. */
  readonly ownerLabels: boolean;
  /** How many of them, in counters and in histograms. */
  readonly ownerLabelsMax: number;
  readonly ownerHistogramLabelsMax: number;
  /** How often a search of a large owner is compared with an exact one; 0: never. */
  readonly recallAuditSeconds: number;
}

/** The catalogue of settings; `llmemory serve --help` and the README's table are made from it. */
export const settingDefinitions: SettingDefinitions<Settings> = {
  databaseUrl: {
    variables: ["LLMEMORY_DATABASE_URL", "DATABASE_URL"],
    fallback: undefined,
    description: "PostgreSQL 15 or later with pgvector 0.8.4 or later; not set: the embedded database",
    parse: databaseUrl,
  },
  dataDirectory: {
    variables: ["LLMEMORY_DATA_DIR"],
    fallback: "./data",
    description: "where the embedded database keeps its files",
    parse: (text) => text,
  },
  schema: {
    variables: ["LLMEMORY_SCHEMA"],
    fallback: "llmemory",
    description: "PostgreSQL schema that holds all tables",
    parse: schemaName,
  },
  databasePoolSizeMax: {
    variables: ["LLMEMORY_DB_MAX_POOL_SIZE"],
    fallback: "10",
    description: "connections to PostgreSQL at most (the embedded database has one)",
    parse: wholeNumber(2, 500),
  },
  grpcAddress: {
    variables: ["LLMEMORY_GRPC_ADDRESS"],
    fallback: "127.0.0.1:50051",
    description: "host:port for gRPC (HTTP/2); port 0 takes a free one",
    parse: parseListenAddress,
  },
  httpAddress: {
    variables: ["LLMEMORY_HTTP_ADDRESS"],
    fallback: "127.0.0.1:8080",
    description: "host:port for Connect and gRPC-Web over HTTP/1.1, metrics and health; port 0 takes a free one",
    parse: parseListenAddress,
  },
  workerHttpAddress: {
    variables: ["LLMEMORY_WORKER_HTTP_ADDRESS"],
    fallback: undefined,
    description: "host:port where worker answers /metrics, /health, /livez and /readyz; not set: nowhere",
    parse: parseListenAddress,
  },
  insecure: {
    variables: ["LLMEMORY_INSECURE"],
    fallback: "false",
    description: "allow addresses that are not loopback although nothing encrypts them or authenticates who connects",
    parse: trueOrFalse,
  },
  ...tlsSettingDefinitions,
  embeddingProvider: {
    variables: ["LLMEMORY_EMBEDDING_PROVIDER"],
    fallback: "local",
    description:
      "local: the model that comes with llmemory; openai: an endpoint of OpenAI's kind; hashing: word hashes, for tests and benchmarks",
    parse: oneOf(["local", "openai", "hashing"]),
  },
  embeddingModel: {
    variables: ["LLMEMORY_EMBEDDING_MODEL"],
    fallback: undefined,
    description: "name of the model of the openai provider, such as text-embedding-3-small",
    parse: (text) => text.trim(),
  },
  embeddingBaseUrl: {
    variables: ["LLMEMORY_EMBEDDING_BASE_URL"],
    fallback: "https://api.openai.com/v1",
    description: "endpoint of the openai provider, such as http://127.0.0.1:8000/v1",
    parse: httpUrl,
  },
  embeddingApiKey: {
    variables: ["LLMEMORY_EMBEDDING_API_KEY"],
    fallback: undefined,
    isSecret: true,
    description: "API key of that endpoint, if it asks for one; as an option, other users of the machine can see it",
    parse: (text) => text.trim(),
  },
  embeddingApiKeyFile: {
    variables: ["LLMEMORY_EMBEDDING_API_KEY_FILE"],
    fallback: undefined,
    description: "file that holds the API key instead",
    parse: (text) => text,
  },
  openaiApiKey: {
    variables: ["LLMEMORY_OPENAI_API_KEY", "OPENAI_API_KEY"],
    fallback: undefined,
    isSecret: true,
    description: "API key for embeddings if there is no other; only sent to OpenAI's own address",
    parse: (text) => text.trim(),
  },
  embeddingDimension: {
    variables: ["LLMEMORY_EMBEDDING_DIMENSION"],
    fallback: undefined,
    description:
      "components of a vector: needed for a model of the openai provider that is not known, shortens one that can be shortened; 384 with hashing",
    parse: wholeNumber(2, 3_800),
  },
  embeddingDocumentPrefix: {
    variables: ["LLMEMORY_EMBEDDING_DOCUMENT_PREFIX"],
    fallback: undefined,
    description: "text that the model of the openai provider wants before documents, if it is not known",
    parse: (text) => text,
  },
  embeddingQueryPrefix: {
    variables: ["LLMEMORY_EMBEDDING_QUERY_PREFIX"],
    fallback: undefined,
    description: "the same before queries",
    parse: (text) => text,
  },
  embeddingInputTokens: {
    variables: ["LLMEMORY_EMBEDDING_INPUT_TOKENS"],
    fallback: undefined,
    description: "tokens that the model of the openai provider reads of one text, if it is not known; not set: 512",
    parse: wholeNumber(32, 1_000_000),
  },
  embeddingRequestsPerMinute: {
    variables: ["LLMEMORY_EMBEDDING_REQUESTS_PER_MINUTE"],
    fallback: undefined,
    description: "requests that this process may send to the openai provider; not set: any number",
    parse: wholeNumber(3, 10_000_000),
  },
  embeddingTokensPerMinute: {
    variables: ["LLMEMORY_EMBEDDING_TOKENS_PER_MINUTE"],
    fallback: undefined,
    description: "tokens that this process may send to the openai provider; not set: any number",
    parse: wholeNumber(10_000, 1_000_000_000),
  },
  embeddingTimeoutMs: {
    variables: ["LLMEMORY_EMBEDDING_TIMEOUT_MS"],
    fallback: "30000",
    description: "time that a request to the openai provider may take; one for a query never gets more than 5000",
    parse: wholeNumber(100, 600_000),
  },
  embeddingBatchSize: {
    variables: ["LLMEMORY_EMBEDDING_BATCH_SIZE"],
    fallback: "32",
    description: "texts in one request to the openai provider at most",
    parse: wholeNumber(1, 2_048),
  },
  embeddingBatchTokens: {
    variables: ["LLMEMORY_EMBEDDING_BATCH_TOKENS"],
    fallback: "300000",
    description: "tokens in one request to the openai provider at most",
    parse: wholeNumber(512, 300_000),
  },
  embeddingWorkers: {
    variables: ["LLMEMORY_EMBEDDING_WORKERS"],
    fallback: String(Math.max(1, availableParallelism() - 1)),
    description: "threads that embed documents; one more embeds queries",
    parse: wholeNumber(1, 256),
  },
  indexProfile: {
    variables: ["LLMEMORY_INDEX_PROFILE"],
    fallback: undefined,
    description: `what the approximate index of new vectors is built for: ${indexProfileNames.join(", ")}; not set: ${defaultIndexProfile}`,
    parse: oneOf(indexProfileNames),
  },
  modelDirectory: {
    variables: ["LLMEMORY_MODEL_DIR"],
    fallback: undefined,
    description: "directory of the local model; not set: the model that comes with llmemory",
    parse: (text) => text,
  },
  chatBaseUrl: {
    variables: ["LLMEMORY_CHAT_BASE_URL"],
    fallback: undefined,
    description: "endpoint that speaks OpenAI's chat completions, such as http://127.0.0.1:8000/v1; not set: no chat model",
    parse: httpUrl,
  },
  chatModel: {
    variables: ["LLMEMORY_CHAT_MODEL"],
    fallback: undefined,
    description: "name of the chat model for searches and documents that ask for it",
    parse: (text) => text,
  },
  chatApiKey: {
    variables: ["LLMEMORY_CHAT_API_KEY"],
    fallback: undefined,
    isSecret: true,
    description: "API key of the chat model's endpoint, if it asks for one; as an option, other users of the machine can see it",
    parse: (text) => text.trim(),
  },
  chatApiKeyFile: {
    variables: ["LLMEMORY_CHAT_API_KEY_FILE"],
    fallback: undefined,
    description: "file that holds the API key instead",
    parse: (text) => text,
  },
  chatTimeoutMs: {
    variables: ["LLMEMORY_CHAT_TIMEOUT_MS"],
    fallback: "5000",
    description: "a search goes on without a chat model that takes longer",
    parse: wholeNumber(100, 60_000),
  },
  contextPrefix: {
    variables: ["LLMEMORY_CONTEXT_PREFIX"],
    fallback: undefined,
    description:
      "what goes before a chunk when it is embedded, for documents that do not say: none, template, or model (the chat model); not set: template, and none with hashing",
    parse: oneOf(contextPrefixes),
  },
  chunkSummaries: {
    variables: ["LLMEMORY_CHUNK_SUMMARIES"],
    fallback: "none",
    description: "summaries of chunks, for documents that do not say: none, extractive, or model (the chat model)",
    parse: oneOf(chunkSummaries),
  },
  enrichmentTimeoutMs: {
    variables: ["LLMEMORY_ENRICHMENT_TIMEOUT_MS"],
    fallback: "15000",
    description: "time that the chat model has for prefixes and summaries of one document; the rest is made without it",
    parse: wholeNumber(100, 600_000),
  },
  crossEncoderDirectory: {
    variables: ["LLMEMORY_CROSS_ENCODER_DIR"],
    fallback: undefined,
    description: "directory with a cross-encoder that reranks: model.onnx and tokenizer.json; not set: none",
    parse: (text) => text,
  },
  ...searchSettingDefinitions,
  embedInServe: {
    variables: ["LLMEMORY_EMBED_IN_SERVE"],
    fallback: "true",
    description: "let serve work off embedding jobs; false where worker processes do",
    parse: trueOrFalse,
  },
  embeddingQueueMax: {
    variables: ["LLMEMORY_EMBEDDING_QUEUE_MAX"],
    fallback: "100000",
    description: "chunks that may wait for their embedding; then single adds are refused and streams slow down",
    parse: wholeNumber(1, 1_000_000_000),
  },
  searchHistoryDays: {
    variables: ["LLMEMORY_SEARCH_HISTORY_DAYS"],
    fallback: "30",
    description: "days that searches are remembered, so that feedback can be given; 0 remembers none and forgets what there is",
    parse: wholeNumber(0, 3_650),
  },
  enableMonitoring: {
    variables: ["LLMEMORY_ENABLE_MONITORING"],
    fallback: "true",
    description: "keep metrics; with false /metrics answers 404",
    parse: trueOrFalse,
  },
  ownerLabels: {
    variables: ["LLMEMORY_OWNER_LABELS"],
    fallback: "true",
    description: "name owners in metric labels",
    parse: trueOrFalse,
  },
  ownerLabelsMax: {
    variables: ["LLMEMORY_OWNER_LABELS_MAX"],
    fallback: String(limits.ownerLabelsMax),
    description: "owners that metric labels name, the first that come; the rest are _other",
    parse: wholeNumber(0, 10_000),
  },
  ownerHistogramLabelsMax: {
    variables: ["LLMEMORY_OWNER_HISTOGRAM_LABELS_MAX"],
    fallback: String(limits.ownerHistogramLabelsMax),
    description: "the same in histograms, which have 18 lines for each",
    parse: wholeNumber(0, 1_000),
  },
  recallAuditSeconds: {
    variables: ["LLMEMORY_RECALL_AUDIT_SECONDS"],
    fallback: "60",
    description: "compare a search of a large owner with an exact one so often, on a PostgreSQL server; 0: never",
    parse: wholeNumber(0, 86_400),
  },
  ...cacheSettingDefinitions,
  ...logSettingDefinitions,
  ...tracingSettingDefinitions,
  ...alertSettingDefinitions,
};

/** The name of a setting's command-line option: that of its environment variable without the prefix. */
export function settingFlag(name: keyof Settings): string {
  const { variables, fallback } = settingDefinitions[name];
  const words = (variables[0] ?? name)
    .replace(/^LLMEMORY_/, "")
    .toLowerCase()
    .replaceAll("_", "-");
  return fallback === "true" ? `--no-${words}` : `--${words}`;
}
