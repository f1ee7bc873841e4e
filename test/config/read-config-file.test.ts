import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { configKey, readConfigFile } from "../../src/config/read-config-file.ts";
import { type Settings, settingDefinitions } from "../../src/config/settings.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-config-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function read(text: string, name = "memory.yaml") {
  const path = join(directory, name);
  await writeFile(path, text);
  const { values, problems } = await readConfigFile(path);
  return { values, problems: problems.map((problem) => problem.replace(`${directory}/`, "")) };
}

test("YAML gives texts, numbers, switches, lists, and nothing for null", async () => {
  const text = `# what we changed
log_level: warn
grpc_address: 127.0.0.1:50051
db_max_pool_size: 20
trace_sample_ratio: 0.01
embed_in_serve: false
insecure: on
trace_propagators: [tracecontext, b3]
schema: null
data_dir:
`;
  const { values, problems } = await read(text);
  expect(problems).toEqual([]);
  expect(loadSettings({}, { file: { path: "memory.yaml", values, problems } })).toMatchObject({
    logLevel: "warn",
    grpcAddress: { host: "127.0.0.1", port: 50_051 },
    databasePoolSizeMax: 20,
    traceSampleRatio: 0.01,
    embedInServe: false,
    insecure: true,
    tracePropagators: ["tracecontext", "b3"],
    schema: "llmemory",
    dataDirectory: "./data",
  });
});

test("JSON gives the same", async () => {
  const { values, problems } = await read('{ "log_level": "warn", "query_cache_mb": 0 }', "memory.json");
  expect([values, problems]).toEqual([{ logLevel: "warn", queryCacheMb: "0" }, []]);
});

test("an empty file gives nothing", async () => {
  expect(await read("# nothing yet\n")).toEqual({ values: {}, problems: [] });
});

test("every setting has a key of its own", () => {
  const keys = (Object.keys(settingDefinitions) as (keyof Settings)[]).map(configKey);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((key) => !/^[a-z][a-z_]*$/.test(key))).toEqual([]);
});

test("unknown keys and values that are no value are told of all at once", async () => {
  const { values, problems } = await read("log_levle: warn\ncolour: blue\nschema: { a: 1 }\ndata_dir: /data\n");
  expect(values).toEqual({ dataDirectory: "/data" });
  expect(problems).toEqual([
    "memory.yaml: log_levle is no setting; did you mean log_level?",
    "memory.yaml: colour is no setting",
    "memory.yaml: schema must be a text, a number, true or false, or a list of them",
  ]);
});

test.each([
  ["log_level: warn\nembedding_api_key: [hunter2\n", /^memory.yaml: line \d is no YAML \(/],
  ["log_level: warn\nlog_level: info\n", /^memory.yaml: line 2 is no YAML \(DUPLICATE_KEY\)$/],
  ["- log_level\n", /^memory.yaml: must hold keys with values/],
  ["just words\n", /^memory.yaml: must hold keys with values/],
  ["schema: *nowhere\n", /^memory.yaml: /],
  [`# ${"x".repeat(300_000)}\n`, /^memory.yaml: is longer than 262144 characters$/],
])("refuses %j", async (text, says) => {
  const { values, problems } = await read(text);
  expect(values).toEqual({});
  expect(problems).not.toEqual([]);
  for (const problem of problems) expect(problem).toMatch(says);
  expect(problems.join()).not.toContain("hunter2");
});

test("a file that cannot be read is told of", async () => {
  const { problems } = await readConfigFile(join(directory, "none.yaml"));
  expect(problems).toEqual([expect.stringMatching(/none\.yaml: cannot be read \(ENOENT\)$/)]);
});
