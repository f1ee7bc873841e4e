import { describe, expect, it } from "vitest";
import { InvalidSettingsError, loadSettings } from "../../src/config/load-settings.ts";
import { settingDefinitions, settingFlag } from "../../src/config/settings.ts";

function problemsOf(environment: Record<string, string>, overrides = {}): readonly string[] {
  try {
    loadSettings(environment, { overrides });
    return [];
  } catch (error) {
    if (error instanceof InvalidSettingsError) return error.problems;
    throw error;
  }
}

describe("settings", () => {
  it("have defaults that run without any environment, on loopback", () => {
    expect(loadSettings({})).toMatchObject({
      databaseUrl: undefined,
      dataDirectory: "./data",
      schema: "llmemory",
      grpcAddress: { host: "127.0.0.1", port: 50_051 },
      httpAddress: { host: "127.0.0.1", port: 8_080 },
      insecure: false,
      embeddingProvider: "local",
      embeddingDimension: undefined,
      embeddingBaseUrl: "https://api.openai.com/v1",
      embeddingTimeoutMs: 30_000,
      modelDirectory: undefined,
      embedInServe: true,
      ownerLabels: true,
      logLevel: "info",
    });
    expect(loadSettings({}).embeddingWorkers).toBeGreaterThanOrEqual(1);
  });

  it("are read from the environment, the command line before it", () => {
    const environment = {
      LLMEMORY_SCHEMA: "from_environment",
      LLMEMORY_EMBEDDING_PROVIDER: "Hashing",
      LLMEMORY_EMBED_IN_SERVE: "no",
    };
    expect(loadSettings(environment, { overrides: { schema: "from_option" } })).toMatchObject({
      schema: "from_option",
      embeddingProvider: "hashing",
      embedInServe: false,
    });
  });

  it("prefer llmemory's own variable for the database, and take an empty one for none", () => {
    const DATABASE_URL = "postgresql://b";
    expect(loadSettings({ DATABASE_URL }).databaseUrl).toBe("postgresql://b");
    expect(loadSettings({ DATABASE_URL, LLMEMORY_DATABASE_URL: "postgres://a" }).databaseUrl).toBe("postgres://a");
    expect(loadSettings({ DATABASE_URL, LLMEMORY_DATABASE_URL: "" }).databaseUrl).toBe("postgresql://b");
    expect(loadSettings({ DATABASE_URL: "" }).databaseUrl).toBeUndefined();
  });

  it("take port 0, which is a free one", () => {
    const { grpcAddress, httpAddress } = loadSettings({ LLMEMORY_GRPC_ADDRESS: "localhost:0", LLMEMORY_HTTP_ADDRESS: "[::1]:0" });
    expect([grpcAddress, httpAddress]).toEqual([
      { host: "localhost", port: 0 },
      { host: "::1", port: 0 },
    ]);
  });

  it.each([
    ["LLMEMORY_DATABASE_URL", "mysql://x", "must begin with postgresql://"],
    ["LLMEMORY_SCHEMA", "public", "belongs to llmemory alone"],
    ["LLMEMORY_SCHEMA", "pg_temp", "belongs to llmemory alone"],
    ["LLMEMORY_SCHEMA", 'x"; drop schema y', "1 to 63 of a-z"],
    ["LLMEMORY_SCHEMA", "9lives", "1 to 63 of a-z"],
    ["LLMEMORY_DB_MAX_POOL_SIZE", "1", "from 2 to 500"],
    ["LLMEMORY_DB_MAX_POOL_SIZE", "ten", "from 2 to 500"],
    ["LLMEMORY_DB_MAX_POOL_SIZE", "1e2", "from 2 to 500"],
    ["LLMEMORY_DB_MAX_POOL_SIZE", "-5", "from 2 to 500"],
    ["LLMEMORY_GRPC_ADDRESS", "50051", "must be host:port"],
    ["LLMEMORY_GRPC_ADDRESS", "127.0.0.1:65536", "must be host:port"],
    ["LLMEMORY_INSECURE", "maybe", "true or false"],
    ["LLMEMORY_EMBEDDING_PROVIDER", "gpt", "one of local, openai, hashing"],
    ["LLMEMORY_EMBEDDING_DIMENSION", "3801", "from 2 to 3800"],
    ["LLMEMORY_INDEX_PROFILE", "best", "one of fast, balanced, accurate"],
    ["LLMEMORY_LOG_LEVEL", "loud", "one of trace, debug"],
    ["LLMEMORY_CHAT_TIMEOUT_MS", "0", "from 100 to 60000"],
  ])("refuse %s=%s", (variable, value, says) => {
    expect(problemsOf({ [variable]: value })).toEqual([expect.stringMatching(new RegExp(`^${variable} `))]);
    expect(problemsOf({ [variable]: value })[0]).toContain(says);
  });

  it.each(["0.0.0.0:50051", "[::]:50051", "192.168.1.5:50051", "example.org:50051", "[::ffff:10.0.0.1]:1"])(
    "refuse to listen on %s unless insecure is said",
    (address) => {
      const environment = { LLMEMORY_GRPC_ADDRESS: address };
      expect(problemsOf(environment)).toEqual([expect.stringContaining("which other machines can reach")]);
      expect(problemsOf(environment)[0]).toContain("--insecure");
      expect(problemsOf({ ...environment, LLMEMORY_INSECURE: "true" })).toEqual([]);
    },
  );

  it.each([
    [{ LLMEMORY_TLS_CERT_FILE: "c" }, ["LLMEMORY_TLS_CERT_FILE needs LLMEMORY_TLS_KEY_FILE"]],
    [{ LLMEMORY_TLS_KEY_FILE: "k" }, ["LLMEMORY_TLS_KEY_FILE needs LLMEMORY_TLS_CERT_FILE"]],
    [
      { LLMEMORY_TLS_CLIENT_CA_FILE: "a" },
      ["LLMEMORY_TLS_CLIENT_CA_FILE needs LLMEMORY_TLS_CERT_FILE", "LLMEMORY_TLS_CLIENT_CA_FILE needs LLMEMORY_TLS_KEY_FILE"],
    ],
    [{ LLMEMORY_TLS_CERT_FILE: "c", LLMEMORY_TLS_KEY_FILE: "k" }, []],
  ])("need a certificate and its key: %j", (environment, problems) => {
    expect(problemsOf(environment)).toEqual(problems);
  });

  it("let other machines reach gRPC where their certificates are asked for, and where not, only if insecure is said", () => {
    const open = { LLMEMORY_GRPC_ADDRESS: "0.0.0.0:50051" };
    const encrypted = { ...open, LLMEMORY_TLS_CERT_FILE: "c", LLMEMORY_TLS_KEY_FILE: "k" };
    expect(problemsOf(open)).toEqual([expect.stringContaining("nothing encrypts or authenticates it")]);
    expect(problemsOf(encrypted)).toEqual([expect.stringContaining("nothing authenticates who connects")]);
    const mutual = { ...encrypted, LLMEMORY_TLS_CLIENT_CA_FILE: "a" };
    expect(problemsOf(mutual)).toEqual([]);
    expect(problemsOf({ ...mutual, LLMEMORY_HTTP_ADDRESS: "0.0.0.0:80" })).toEqual([
      expect.stringMatching(/^LLMEMORY_HTTP_ADDRESS/),
    ]);
  });

  it("need address and name of a chat model, and take its key from one place", () => {
    const LLMEMORY_CHAT_BASE_URL = "https://models.example.org/v1/";
    const LLMEMORY_CHAT_MODEL = "small";
    expect(loadSettings({ LLMEMORY_CHAT_BASE_URL, LLMEMORY_CHAT_MODEL, LLMEMORY_CHAT_API_KEY: " sk-1\n" })).toMatchObject({
      chatBaseUrl: "https://models.example.org/v1",
      chatModel: "small",
      chatApiKey: "sk-1",
      chatApiKeyFile: undefined,
      chatTimeoutMs: 5_000,
      crossEncoderDirectory: undefined,
    });
    expect(problemsOf({ LLMEMORY_CHAT_BASE_URL })).toEqual(["LLMEMORY_CHAT_BASE_URL needs LLMEMORY_CHAT_MODEL"]);
    expect(problemsOf({ LLMEMORY_CHAT_MODEL })).toEqual(["LLMEMORY_CHAT_MODEL needs LLMEMORY_CHAT_BASE_URL"]);
    const keys = { LLMEMORY_CHAT_API_KEY: "sk-secret", LLMEMORY_CHAT_API_KEY_FILE: "key" };
    const problems = problemsOf({ LLMEMORY_CHAT_BASE_URL, LLMEMORY_CHAT_MODEL, ...keys });
    expect(problems).toEqual([expect.stringContaining("set one of them")]);
    expect(problems.join()).not.toContain("sk-secret");
  });

  it("let searches be refined by a model only where there is one", () => {
    expect(problemsOf({ LLMEMORY_RERANK: "model" })).toEqual([expect.stringMatching(/^LLMEMORY_RERANK is model, which needs/)]);
    expect(problemsOf({ LLMEMORY_RERANK: "cross_encoder" })).toEqual([expect.stringContaining("LLMEMORY_CROSS_ENCODER_DIR")]);
    expect(problemsOf({ LLMEMORY_QUERY_EXPANSION: "model" })).toEqual([expect.stringMatching(/^LLMEMORY_QUERY_EXPANSION/)]);
    expect(problemsOf({ LLMEMORY_RERANK_TOP_K: "201" })).toEqual([expect.stringContaining("from 1 to 200")]);
  });

  it("take what to make beside the text of documents, and let a chat model do so only where there is one", () => {
    const unset = { contextPrefix: undefined, chunkSummaries: "none", enrichmentTimeoutMs: 15_000 };
    expect(loadSettings({})).toMatchObject(unset);
    const environment = { LLMEMORY_CONTEXT_PREFIX: "template", LLMEMORY_CHUNK_SUMMARIES: "extractive" };
    expect(loadSettings(environment)).toMatchObject({ contextPrefix: "template", chunkSummaries: "extractive" });
    expect(problemsOf({ LLMEMORY_CONTEXT_PREFIX: "model" })).toEqual([expect.stringContaining("needs LLMEMORY_CHAT_BASE_URL")]);
    expect(problemsOf({ LLMEMORY_CHUNK_SUMMARIES: "model" })).toEqual([expect.stringMatching(/^LLMEMORY_CHUNK_SUMMARIES/)]);
    const chat = { LLMEMORY_CHAT_BASE_URL: "http://127.0.0.1:8000/v1", LLMEMORY_CHAT_MODEL: "small" };
    expect(problemsOf({ ...chat, LLMEMORY_CONTEXT_PREFIX: "model", LLMEMORY_CHUNK_SUMMARIES: "model" })).toEqual([]);
  });

  it.each([
    "models.example.org",
    "ftp://models.example.org",
    "https://user:secret@models.example.org",
    "https://models.example.org/?key=secret",
  ])("refuse the chat endpoint %s without repeating it", (url) => {
    const problems = problemsOf({ LLMEMORY_CHAT_BASE_URL: url, LLMEMORY_CHAT_MODEL: "small" });
    expect(problems.join()).toMatch(/^LLMEMORY_CHAT_BASE_URL must/);
    expect(problems.join()).not.toContain("secret");
  });

  it("need the name of an endpoint's embedding model, and take its key from one place, which OPENAI_API_KEY is not", () => {
    const LLMEMORY_EMBEDDING_PROVIDER = "openai";
    const LLMEMORY_EMBEDDING_MODEL = "text-embedding-3-small";
    expect(problemsOf({ LLMEMORY_EMBEDDING_PROVIDER })).toEqual([expect.stringContaining("needs LLMEMORY_EMBEDDING_MODEL")]);
    const environment = {
      LLMEMORY_EMBEDDING_PROVIDER,
      LLMEMORY_EMBEDDING_MODEL,
      LLMEMORY_EMBEDDING_BASE_URL: "http://127.0.0.1:8000/v1/",
      LLMEMORY_EMBEDDING_QUERY_PREFIX: "query: ",
      OPENAI_API_KEY: "sk-secret-1",
    };
    expect(loadSettings({ ...environment, LLMEMORY_EMBEDDING_API_KEY_FILE: "key" })).toMatchObject({
      embeddingModel: "text-embedding-3-small",
      embeddingBaseUrl: "http://127.0.0.1:8000/v1",
      embeddingQueryPrefix: "query: ",
      embeddingApiKey: undefined,
      embeddingApiKeyFile: "key",
      openaiApiKey: "sk-secret-1",
    });
    const keys = { LLMEMORY_EMBEDDING_API_KEY: "sk-secret-2", LLMEMORY_EMBEDDING_API_KEY_FILE: "key" };
    const problems = problemsOf({ ...environment, ...keys });
    expect(problems).toEqual([expect.stringContaining("set one of them")]);
    expect(problems.join()).not.toContain("sk-secret");
  });

  it("name every problem at once, under the name that the value came by", () => {
    const environment = { LLMEMORY_SCHEMA: "public", LLMEMORY_HTTP_ADDRESS: "0.0.0.0:80", LLMEMORY_LOG_LEVEL: "loud" };
    const problems = problemsOf(environment, { embeddingDimension: "many" });
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
      "LLMEMORY_SCHEMA",
      "--embedding-dimension",
      "LLMEMORY_LOG_LEVEL",
      "LLMEMORY_HTTP_ADDRESS",
    ]);
    expect(() => loadSettings(environment)).toThrow(/LLMEMORY_SCHEMA .*\n.*LLMEMORY_LOG_LEVEL .*\n.*LLMEMORY_HTTP_ADDRESS/);
  });

  it("have variables and options of their own, no two alike", () => {
    const definitions = Object.values(settingDefinitions);
    const variables = definitions.flatMap((definition) => definition.variables);
    expect(new Set(variables).size).toBe(variables.length);
    expect(
      variables.filter(
        (variable) => !/^(LLMEMORY_[A-Z_]+|DATABASE_URL|OPENAI_API_KEY|OTEL_EXPORTER_OTLP_ENDPOINT)$/.test(variable),
      ),
    ).toEqual([]);
    expect([settingFlag("grpcAddress"), settingFlag("embedInServe")]).toEqual(["--grpc-address", "--no-embed-in-serve"]);
  });
});
