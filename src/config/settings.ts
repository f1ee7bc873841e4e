import { availableParallelism } from "node:os";
import { isLoopbackHost, type ListenAddress, parseListenAddress } from "./listen-address.ts";

/** Every setting of the service, read once at start from the environment; command-line options override it. */
export interface Settings {
  /** PostgreSQL to use; undefined: the embedded database under `dataDirectory`. */
  readonly databaseUrl: string | undefined;
  readonly dataDirectory: string;
  readonly schema: string;
  readonly databasePoolSizeMax: number;
  readonly slowQueryMs: number;
  readonly grpcAddress: ListenAddress;
  readonly httpAddress: ListenAddress;
  /** Allows listeners beyond loopback, though nothing encrypts or authenticates them. */
  readonly insecure: boolean;
  readonly embeddingProvider: "local" | "hashing";
  /** Components of the hashing embedder's vectors; the local model has its own. */
  readonly embeddingDimension: number;
  /** Threads that embed documents; one more is kept for queries. */
  readonly embeddingWorkers: number;
  /** Where the local model's files are; undefined: those that come with llmemory. */
  readonly modelDirectory: string | undefined;
  /** Endpoint that speaks OpenAI's chat completions; undefined: no chat model, and neither is `chatModel` set. */
  readonly chatBaseUrl: string | undefined;
  readonly chatModel: string | undefined;
  /** Secret; undefined: `chatApiKeyFile` holds it, or the endpoint asks for none. */
  readonly chatApiKey: string | undefined;
  readonly chatApiKeyFile: string | undefined;
  readonly chatTimeoutMs: number;
  /** Where the files of a cross-encoder are; undefined: there is none. */
  readonly crossEncoderDirectory: string | undefined;
  /** Whether `serve` works off embedding jobs itself; switch it off where `llmemory worker` processes do. */
  readonly embedInServe: boolean;
  /** Bytes ÷ 1,048,576 of embedded queries to keep; 0: none. */
  readonly queryCacheMb: number;
  /** The same of whole answers. */
  readonly resultCacheMb: number;
  /** How long searches are remembered; 0: not at all. */
  readonly searchHistoryDays: number;
  /** Whether metric labels name owners. */
  readonly ownerLabels: boolean;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "silent";
}

interface Definition<T> {
  /** Environment variables, the first that is set and not empty wins. */
  readonly variables: readonly string[];
  /** As it would be written in the environment; undefined: not set. */
  readonly fallback: string | undefined;
  readonly description: string;
  /** Throws an Error that says what is allowed. */
  readonly parse: (text: string) => T;
}

type Definitions = { readonly [Name in keyof Settings]: Definition<NonNullable<Settings[Name]>> };

const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/** The catalogue of settings; `llmemory serve --help` and the README's table are made from it. */
export const settingDefinitions: Definitions = {
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
  slowQueryMs: {
    variables: ["LLMEMORY_SLOW_QUERY_MS"],
    fallback: "1000",
    description: "SQL statements that take longer are counted as slow and logged",
    parse: wholeNumber(1, 3_600_000),
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
  insecure: {
    variables: ["LLMEMORY_INSECURE"],
    fallback: "false",
    description: "allow addresses that are not loopback although nothing encrypts or authenticates them",
    parse: trueOrFalse,
  },
  embeddingProvider: {
    variables: ["LLMEMORY_EMBEDDING_PROVIDER"],
    fallback: "local",
    description: "local: the model that comes with llmemory; hashing: word hashes, for tests and benchmarks",
    parse: oneOf(["local", "hashing"]),
  },
  embeddingDimension: {
    variables: ["LLMEMORY_EMBEDDING_DIMENSION"],
    fallback: "384",
    description: "components of a vector of the hashing provider",
    parse: wholeNumber(2, 3_800),
  },
  embeddingWorkers: {
    variables: ["LLMEMORY_EMBEDDING_WORKERS"],
    fallback: String(Math.max(1, availableParallelism() - 1)),
    description: "threads that embed documents; one more embeds queries",
    parse: wholeNumber(1, 256),
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
    description: "name of the chat model that expands, reranks and routes queries which ask for it",
    parse: (text) => text,
  },
  chatApiKey: {
    variables: ["LLMEMORY_CHAT_API_KEY"],
    fallback: undefined,
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
  crossEncoderDirectory: {
    variables: ["LLMEMORY_CROSS_ENCODER_DIR"],
    fallback: undefined,
    description: "directory with a cross-encoder that reranks: model.onnx and tokenizer.json; not set: none",
    parse: (text) => text,
  },
  embedInServe: {
    variables: ["LLMEMORY_EMBED_IN_SERVE"],
    fallback: "true",
    description: "let serve work off embedding jobs; false where worker processes do",
    parse: trueOrFalse,
  },
  queryCacheMb: {
    variables: ["LLMEMORY_QUERY_CACHE_MB"],
    fallback: "16",
    description: "memory for the vectors of queries that were asked before; 0 switches the cache off",
    parse: wholeNumber(0, 65_536),
  },
  resultCacheMb: {
    variables: ["LLMEMORY_RESULT_CACHE_MB"],
    fallback: "32",
    description: "memory for answers to searches that were asked before; 0 switches the cache off",
    parse: wholeNumber(0, 65_536),
  },
  searchHistoryDays: {
    variables: ["LLMEMORY_SEARCH_HISTORY_DAYS"],
    fallback: "30",
    description: "days that searches are remembered, so that feedback can be given; 0 remembers none and forgets what there is",
    parse: wholeNumber(0, 3_650),
  },
  ownerLabels: {
    variables: ["LLMEMORY_OWNER_LABELS"],
    fallback: "true",
    description: "name owners in metric labels (the first 100; the rest are _other)",
    parse: trueOrFalse,
  },
  logLevel: {
    variables: ["LLMEMORY_LOG_LEVEL"],
    fallback: "info",
    description: `one of ${logLevels.join(", ")}; logs go to stderr as JSON lines`,
    parse: oneOf(logLevels),
  },
};

/** Settings that cannot be used, all of them at once. */
export class InvalidSettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "InvalidSettingsError";
    this.problems = problems;
  }
}

/**
 * Reads the settings.
 *
 * @param environment usually `process.env`; empty values count as not set.
 * @param overrides   values from the command line, as text, by setting.
 * @throws InvalidSettingsError with every problem.
 */
export function loadSettings(
  environment: Readonly<Record<string, string | undefined>>,
  overrides: Partial<Record<keyof Settings, string>> = {},
): Settings {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(settingDefinitions)) {
    const override = overrides[name as keyof Settings];
    const variable = definition.variables.find((candidate) => environment[candidate]);
    const text = override ?? (variable === undefined ? definition.fallback : environment[variable]);
    if (text === undefined) continue;
    try {
      settings[name] = definition.parse(text);
    } catch (error) {
      const source = override === undefined ? (variable ?? definition.variables[0]) : settingFlag(name as keyof Settings);
      problems.push(`${source} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const name of ["grpcAddress", "httpAddress"] as const) {
    const address = settings[name] as ListenAddress | undefined;
    if (address && !settings.insecure && !isLoopbackHost(address.host)) {
      problems.push(
        `${settingDefinitions[name].variables[0]} is ${address.host}:${address.port}, which other machines can reach, and nothing encrypts or authenticates it; ` +
          "listen on 127.0.0.1, or pass --insecure (LLMEMORY_INSECURE=true) if the network itself is protected",
      );
    }
  }
  problems.push(...chatProblems(settings));
  if (problems.length > 0) throw new InvalidSettingsError(problems);
  const unset = Object.fromEntries(Object.keys(settingDefinitions).map((name) => [name, undefined]));
  // Every definition has either been parsed or is one whose setting may be undefined.
  return { ...unset, ...settings } as unknown as Settings;
}

/** A chat model needs an address and a name, and one API key at most. */
function chatProblems({ chatBaseUrl, chatModel, chatApiKey, chatApiKeyFile }: Partial<Settings>): readonly string[] {
  return [
    ...(chatModel !== undefined && chatBaseUrl === undefined ? ["LLMEMORY_CHAT_MODEL needs LLMEMORY_CHAT_BASE_URL"] : []),
    ...(chatBaseUrl !== undefined && chatModel === undefined ? ["LLMEMORY_CHAT_BASE_URL needs LLMEMORY_CHAT_MODEL"] : []),
    ...(chatApiKey !== undefined && chatApiKeyFile !== undefined
      ? ["LLMEMORY_CHAT_API_KEY and LLMEMORY_CHAT_API_KEY_FILE are both set; set one of them"]
      : []),
  ];
}

/** The name of a setting's command-line option: that of its environment variable without the prefix. */
export function settingFlag(name: keyof Settings): string {
  const { variables, fallback } = settingDefinitions[name];
  const words = (variables[0] ?? name)
    .replace(/^LLMEMORY_/, "")
    .toLowerCase()
    .replaceAll("_", "-");
  return fallback === "true" ? `--no-${words}` : `--${words}`;
}

function databaseUrl(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(text)) throw new Error("must begin with postgresql://");
  return text;
}

function schemaName(text: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(text))
    throw new Error(`is "${text}"; it must be 1 to 63 of a-z, 0-9 and _, not beginning with a digit`);
  if (text === "public" || text.startsWith("pg_"))
    throw new Error(`is "${text}"; choose a schema that belongs to llmemory alone`);
  return text;
}

/** The text is not repeated, since it may hold a password. */
function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new Error("must be a URL that begins with http:// or https://");
  if (url.username || url.password) throw new Error("must not hold a user or password; use LLMEMORY_CHAT_API_KEY");
  if (url.search || url.hash) throw new Error("must not hold ? or #");
  return text.replace(/\/+$/, "");
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new Error(`is "${text}"; it must be a whole number from ${min} to ${max}`);
    return value;
  };
}

function trueOrFalse(text: string): boolean {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw new Error(`is "${text}"; it must be true or false`);
}

function oneOf<const T extends string>(values: readonly T[]): (text: string) => T {
  return (text) => {
    const value = values.find((candidate) => candidate === text.toLowerCase());
    if (value === undefined) throw new Error(`is "${text}"; it must be one of ${values.join(", ")}`);
    return value;
  };
}
