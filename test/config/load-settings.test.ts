import { readFile } from "node:fs/promises";
import { describe, expect, it, test } from "vitest";
import { formerVariables } from "../../src/config/former-variables.ts";
import { InvalidSettingsError, loadSettings, settingWarnings, sourcesOf } from "../../src/config/load-settings.ts";
import type { ConfigFile } from "../../src/config/read-config-file.ts";

function file(values: ConfigFile["values"], problems: readonly string[] = []): ConfigFile {
  return { path: "memory.yaml", values, problems };
}

describe("a setting", () => {
  it("is taken from the command line, then the environment, then the file, then the default, and says which", () => {
    const inFile = file({ schema: "from_file", logLevel: "error", dataDirectory: "/file" });
    const environment = { LLMEMORY_SCHEMA: "from_environment", LLMEMORY_LOG_LEVEL: "warn" };
    const settings = loadSettings(environment, { overrides: { schema: "from_option" }, file: inFile });
    expect(settings).toMatchObject({ schema: "from_option", logLevel: "warn", dataDirectory: "/file", queryCacheMb: 16 });
    expect(sourcesOf(settings)).toMatchObject({
      schema: "--schema",
      logLevel: "LLMEMORY_LOG_LEVEL",
      dataDirectory: "memory.yaml: data_dir",
      queryCacheMb: "default",
    });
  });

  it("can have the prefix of the library before, behind its own and before names that others use too", () => {
    const environment = { AWORD_SCHEMA: "former", AWORD_DATABASE_URL: "postgresql://former", DATABASE_URL: "postgresql://other" };
    const settings = loadSettings(environment);
    expect(settings).toMatchObject({ schema: "former", databaseUrl: "postgresql://former" });
    expect(sourcesOf(settings)).toMatchObject({ schema: "AWORD_SCHEMA", databaseUrl: "AWORD_DATABASE_URL" });
    expect(loadSettings({ ...environment, LLMEMORY_SCHEMA: "own" }).schema).toBe("own");
  });

  it("is named by the variable or the file that it came by if it cannot be used, with what is wrong in the file itself", () => {
    const load = () =>
      loadSettings(
        { AWORD_LOG_LEVEL: "loud", LLMEMORY_DISABLE_METRICS: "maybe" },
        { file: file({ schema: "public" }, ["memory.yaml: colour is no setting"]) },
      );
    expect(load).toThrow(InvalidSettingsError);
    expect(load).toThrow(/memory.yaml: colour is no setting/);
    expect(load).toThrow(/memory.yaml: schema is "public"/);
    expect(load).toThrow(/AWORD_LOG_LEVEL is "loud"/);
    expect(load).toThrow(/LLMEMORY_DISABLE_METRICS is "maybe"/);
  });

  it("keeps its default if it is to be ignored", () => {
    const ignored = ["grpcAddress"] as const;
    const settings = loadSettings({ AWORD_GRPC_ADDRESS: "0.0.0.0:1" }, { ignored, file: file({ grpcAddress: "0.0.0.0:2" }) });
    expect(settings.grpcAddress).toEqual({ host: "127.0.0.1", port: 50_051 });
    expect(sourcesOf(settings).grpcAddress).toBe("default");
  });
});

describe("the variables of the library before", () => {
  test("are all in the documentation", async () => {
    const page = await readFile(new URL("../../docs/settings.md", import.meta.url), "utf8");
    expect(Object.keys(formerVariables).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  test.each([
    [{ EMBEDDING_PROVIDER: "openai", OPENAI_MODEL: "text-embedding-3-large" }, { embeddingModel: "text-embedding-3-large" }],
    [{ OPENAI_API_KEY: "key" }, { openaiApiKey: "key" }],
    [{ LOCAL_CACHE_DIR: "/models" }, { modelDirectory: "/models" }],
    [{ SEARCH_CACHE_TTL: "3600" }, { searchCacheTtl: 3_600 }],
    [{ DB_MAX_POOL_SIZE: "20" }, { databasePoolSizeMax: 20 }],
    [{ LOG_LEVEL: "INFO" }, { logLevel: "info" }],
    [{ LOG_LEVEL: "WARNING" }, { logLevel: "warn" }],
    [{ LOG_LEVEL: "CRITICAL" }, { logLevel: "error" }],
    [{ DISABLE_METRICS: "1" }, { enableMonitoring: false }],
    [{ DISABLE_METRICS: "0" }, { enableMonitoring: true }],
    [{ ENABLE_CHUNK_SUMMARIES: "yes" }, { chunkSummaries: "extractive" }],
    [{ ENABLE_CHUNK_SUMMARIES: "false" }, { chunkSummaries: "none" }],
    [
      { ENABLE_RERANK: "true", RERANK_TOP_K: "20" },
      { rerank: "lexical", rerankTopK: 20 },
    ],
    [
      { ENABLE_RERANK: "0", RERANK_RETURN_K: "15" },
      { rerank: "none", searchLimit: 15 },
    ],
    [
      { ENABLE_QUERY_EXPANSION: "on", MAX_QUERY_VARIANTS: "4" },
      { queryExpansion: "heuristic", maxQueryVariants: 4 },
    ],
    [{ HNSW_PROFILE: "Accurate" }, { indexProfile: "accurate" }],
    [{ SLOW_QUERY_THRESHOLD: "1.5" }, { slowQueryMs: 1_500 }],
    [{ SCHEMA: "memory" }, { schema: "memory" }],
  ])("%o mean %o under both prefixes", (variables, expected) => {
    for (const prefix of ["LLMEMORY_", "AWORD_"]) {
      const environment = Object.fromEntries(Object.entries(variables).map(([name, value]) => [prefix + name, value]));
      const settings = loadSettings(environment);
      expect(settings).toMatchObject(expected);
      expect(settingWarnings(settings)).toEqual([]);
    }
  });

  test.each(
    "EMBEDDING_PROVIDERS LOCAL_MODEL LOCAL_DEVICE RERANK_MODEL RERANK_PROVIDER RERANK_DEVICE RERANK_BATCH_SIZE DB_MIN_POOL_SIZE DEFAULT_SEARCH_TYPE DISABLE_CACHING MAX_CHUNK_SIZE QUERY_EXPANSION_MODEL RRF_K".split(
      " ",
    ),
  )("%s is told to have no effect, with what to do instead", (name) => {
    const former = formerVariables[name];
    if (!former || !("advice" in former)) throw new Error(`${name} has no advice`);
    expect(settingWarnings(loadSettings({ [`AWORD_${name}`]: "1" }))).toEqual([`AWORD_${name} has no effect: ${former.advice}`]);
  });
});
