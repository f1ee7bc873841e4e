import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { embeddedDatabase } from "../support/databases.ts";
import { expectGuideOutput, type GuideOutputs, readGuide, runGuideCommand } from "../support/guide.ts";
import { startTraceCollector } from "../support/trace-collector.ts";
import { useService } from "../support/use-service.ts";

const guide = await readGuide("monitoring.md");
/** Those of promtool, and the queries, are run in test/toolchains/monitoring.test.ts. */
const commands = guide.commands.filter((command) => !command.startsWith("promtool "));

/** What each command must print; every command of the guide has an entry. */
const outputs: GuideOutputs = [
  [/'\^llmemory_build_info'$/, /^llmemory_build_info\{version="\S+",node="v\S+"\} 1\n$/],
  [/^llmemory config /, /^LLMEMORY_ENABLE_MONITORING +true +default$/m],
  [/^tail /, /^(\{.*\}\n)+$/],
  [/warn\|error/, /"level":"warn"/],
  [/trace_id'$/, /^memory_search_duration_seconds_bucket\{.* # \{.*trace_id="[0-9a-f]{32}".*\} .*\n$/],
  [/^llmemory stats /, /documents\D+1\b/],
  [/^llmemory health$/, /\(whole service\) +SERVING/],
  [/\/health$/, /^\{"status":"healthy",.*\}$/],
  [/^for rpc /, /^(\{.*\}\n){6}$/],
  [/slow database statement/, /"statement":"\w+".*"msg":"slow database statement"/],
];

const folder = await mkdtemp(join(tmpdir(), "llmemory-guide-"));
const logDirectory = { LLMEMORY_LOG_DIRECTORY: join(folder, "logs") };
const options = { cwd: folder, environment: logDirectory };
const collector = await startTraceCollector();
// Before the service's own, since the last to be registered is the first to run: a service that stops sends spans.
afterAll(async () => {
  collector.close();
  await rm(folder, { recursive: true, force: true });
});

const running = useService(embeddedDatabase, {
  ...logDirectory,
  LLMEMORY_SLOW_QUERY_MS: "1",
  LLMEMORY_OTLP_ENDPOINT: collector.endpoint,
});

beforeAll(async () => {
  const { memory, search } = running();
  await memory.addDocument({ ownerId: "ada", content: "Ada likes tea.", waitUntil: WaitUntil.SEARCHABLE });
  await search.search({ ownerId: "ada", queryText: "tea" });
});

it("has commands", () => {
  expect(commands.length).toBeGreaterThanOrEqual(outputs.length);
});

it.each(commands)("%s does what the guide says", { timeout: 120_000 }, async (command) => {
  await expectGuideOutput(outputs, command, running().service, options);
});

it("shows the health report as it is", async () => {
  const { stdout } = await run("curl -s http://127.0.0.1:8080/health");
  expect(guide.answers.map((answer) => namesIn(JSON.parse(answer)))).toEqual([namesIn(JSON.parse(stdout))]);
});

it("names every metric of the service, and no other", async () => {
  const { stdout } = await run("curl -s http://127.0.0.1:8080/metrics");
  const isOwn = (name: string) => /^(memory|grpc_server|llmemory)_/.test(name);
  const served = [...stdout.matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name).filter(isOwn);
  const named = [...guide.text.matchAll(/\b(?:memory|grpc_server)_\w+|\bllmemory_build_info\b/g)].map(([name]) => name);
  const suffix = /_(bucket|sum|count)$/;
  const missing = served.filter((name) => !named.includes(name));
  const unknown = named.filter((name) => !served.includes(name) && !served.includes(name.replace(suffix, "")));
  expect({ missing, unknown }).toEqual({ missing: [], unknown: [] });
});

async function run(command: string) {
  return await runGuideCommand(command, running().service, options);
}

/** The names of all fields, whatever they hold. */
function namesIn(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, namesIn(field)]));
}
