import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import { repositoryDirectory } from "../scripts/toolchains.ts";
import { loadSettings } from "../src/config/load-settings.ts";
import { startService as startInProcess } from "../src/server/start-service.ts";
import { startPostgres } from "../test/support/postgres/postgres-server.ts";
import type { Service } from "../test/support/service.ts";
import { startCompiled } from "./compiled-service.ts";
import { type DemoTexts, prepareDemoTexts } from "./demo-texts.ts";
import { measureEmbedderShare, showShare } from "./embedder-share.ts";
import { describeMachine, quantile, residentMb } from "./machine.ts";

/**
 * Measures the service as a newcomer runs it: on the embedded database and the local model, compiled. Writes one file per section into `bench/results`. Run it as `npm run bench:embedded`, on a quiet machine.
 */
const run = promisify(execFile);
const bench = join(repositoryDirectory, "bench");
const environment = { LLMEMORY_EMBEDDING_PROVIDER: "local", LLMEMORY_EMBEDDING_WORKERS: "1" };
const directory = await mkdtemp(join(tmpdir(), "llmemory-bench-"));
let rows: string[] = [];
const row = (what: string, measured: string, bound: string) => {
  rows.push(`| ${what} | ${measured} | ${bound} |`);
  process.stderr.write(`${what}: ${measured} (${bound})\n`);
};

/** By name, so that one can be measured again alone: `npm run bench:embedded -- search`. */
const sections: Readonly<Record<string, (prepared: DemoTexts) => Promise<void>>> = {
  start: measureStart,
  search: async ({ texts }) => {
    await measureSearch(texts, undefined);
    const postgres = await startPostgres();
    try {
      await measureSearch(texts, postgres.url);
    } finally {
      await postgres.stop();
    }
  },
  "event-loop": measureEventLoop,
  ingest: measureIngest,
};

try {
  const prepared = await prepareDemoTexts(directory);
  const chosen = process.argv.slice(2);
  for (const [name, measure] of Object.entries(sections)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    rows = [];
    const machine = describeMachine();
    await measure(prepared);
    const head = `# The embedded mode in figures: ${name}\n\nMade by \`npm run bench:embedded -- ${name}\`.\n`;
    const table = ["| what | measured | beside it |", "|---|---|---|", ...rows].join("\n");
    await writeFile(join(bench, `results/embedded-${name}.md`), `${head}\n${machine}\n\n${table}\n`);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function start(
  dataDirectory: string,
  changes: Readonly<Record<string, string>> = {},
  databaseUrl?: string,
): Promise<Service> {
  return await startCompiled({ databaseUrl, dataDirectory }, { ...environment, ...changes });
}

/** Service and bare database in turn, so that a change of the machine's load meets both. */
async function measureStart(): Promise<void> {
  const rounds = 5;
  const service = { newMs: [] as number[], existingMs: [] as number[], newMb: [] as number[], existingMb: [] as number[] };
  const bare = { newMs: [] as number[], existingMs: [] as number[], existingMb: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const dataDirectory = join(directory, `start-${round}`);
    for (const [times, memory] of [
      [service.newMs, service.newMb],
      [service.existingMs, service.existingMb],
    ] as const) {
      const began = performance.now();
      await using running = await start(dataDirectory);
      times.push(performance.now() - began);
      await sleep(5_000);
      memory.push(residentMb(running.pid));
    }
    for (const isNew of [true, false]) {
      const { stdout } = await run(process.execPath, [join(bench, "bare-database.ts"), join(directory, `bare-${round}`)]);
      const result: { readyMs: number; residentMb: number } = JSON.parse(stdout);
      (isNew ? bare.newMs : bare.existingMs).push(result.readyMs);
      if (!isNew) bare.existingMb.push(result.residentMb);
    }
  }
  const seconds = (values: readonly number[]) =>
    `${(quantile(values, 0.5) / 1_000).toFixed(2)} s (worst ${(Math.max(...values) / 1_000).toFixed(2)} s)`;
  const megabytes = (values: readonly number[]) =>
    `${quantile(values, 0.5).toFixed(0)} MB (worst ${Math.max(...values).toFixed(0)} MB)`;
  row("ready with a new data directory, median of 5", seconds(service.newMs), `bare PGlite ${seconds(bare.newMs)}`);
  row("ready with an existing data directory", seconds(service.existingMs), `bare PGlite ${seconds(bare.existingMs)}`);
  row("resident 5 s after the first start", megabytes(service.newMb), "");
  row("resident 5 s after a later start", megabytes(service.existingMb), `bare PGlite ${megabytes(bare.existingMb)}`);
}

/** Texts per CPU second of the whole service, beside the embedder alone. */
async function measureIngest({ folder }: DemoTexts): Promise<void> {
  const share = await measureEmbedderShare(folder, directory, (round) => start(join(directory, `ingest-${round}`)));
  row(
    `ingest of the demo's documents, ${share.chunks} chunks: chunks embedded per CPU second of the whole service, database included`,
    showShare(share).shown,
    `embedder alone ${quantile(share.bareRates, 0.5).toFixed(2)}`,
  );
}

/** A search over 1,000 chunks of one owner: what the client waits for, less what the receipt says embedding took. */
async function measureSearch(texts: readonly string[], databaseUrl: string | undefined): Promise<void> {
  await using service = await start(join(directory, "search"), { LLMEMORY_EMBEDDING_PROVIDER: "hashing" }, databaseUrl);
  const transport = createGrpcTransport({ baseUrl: `http://${service.grpcAddress}` });
  const memory = createClient(MemoryService, transport);
  const search = createClient(SearchService, transport);
  const admin = createClient(AdminService, transport);
  // Each text is a chunk of its own: it is asked for in the largest size.
  const thousand = texts.slice(0, 1_000);
  for (const [index, content] of thousand.entries()) {
    await memory.addDocument({ ownerId: "o", idAtOrigin: String(index), content, chunking: { chunkTokens: 508 } });
  }
  while ((await admin.getEmbeddingQueue({ ownerId: "o" })).totalSize > 0n) await sleep(500);
  const { chunkCount } = await admin.getOwnerStatistics({ ownerId: "o" });
  // The planner's statistics are refreshed within seconds of a load.
  await sleep(8_000);
  const atClient: number[] = [];
  const inService: number[] = [];
  const show = (times: readonly number[]) =>
    `p50 ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms`;
  for (let index = 0; index < 300; index++) {
    const words = thousand[(index * 37) % thousand.length]?.split(/\W+/).filter((word) => word.length > 3) ?? [];
    const began = performance.now();
    const { receipt } = await search.search({ ownerId: "o", queryText: words.slice(2, 10).join(" ") || "how to install" });
    const whole = performance.now() - began;
    const stages = new Map(receipt?.stageTimes.map(({ stage, duration }) => [stage, (duration?.nanos ?? 0) / 1e6]));
    const embed = stages.get("embed") ?? 0;
    // The first searches meet code that is not compiled yet.
    if (index < 50) continue;
    atClient.push(whole - embed);
    inService.push([...stages.values()].reduce((sum, stage) => sum + stage, 0) - embed);
  }
  row(
    `hybrid search over ${chunkCount} chunks of one owner, ${databaseUrl ? "PostgreSQL server" : "embedded database"}, 250 queries of 8 words, without embedding`,
    `the client waits ${show(atClient)}; the service's stages take ${show(inService)}`,
    "hashing provider",
  );
}

/** The delay of the service's event loop while its threads embed 500 chunks that arrive as one document each. */
async function measureEventLoop({ texts }: DemoTexts): Promise<void> {
  const settings = loadSettings({
    ...environment,
    LLMEMORY_DATA_DIR: join(directory, "event-loop"),
    LLMEMORY_GRPC_ADDRESS: "127.0.0.1:0",
    LLMEMORY_HTTP_ADDRESS: "127.0.0.1:0",
  });
  const service = await startInProcess(settings);
  const resolutionMs = 5;
  try {
    const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${service.grpcAddress.port}` });
    const memory = createClient(MemoryService, transport);
    const admin = createClient(AdminService, transport);
    const delay = monitorEventLoopDelay({ resolution: resolutionMs });
    delay.enable();
    await memory.addDocument({ ownerId: "o", idAtOrigin: "all", content: texts.slice(0, 1_500).join("\n\n") });
    while ((await admin.getEmbeddingQueue({ ownerId: "o" })).totalSize > 0n) await sleep(500);
    delay.disable();
    const { chunkCount } = await admin.getOwnerStatistics({ ownerId: "o" });
    const ms = (nanoseconds: number) => `${Math.max(0, nanoseconds / 1e6 - resolutionMs).toFixed(1)} ms`;
    row(
      `event-loop delay while ${chunkCount} chunks are embedded (beyond the sampling interval of ${resolutionMs} ms)`,
      `p50 ${ms(delay.percentile(50))}, p99 ${ms(delay.percentile(99))}, max ${ms(delay.max)}`,
      "",
    );
  } finally {
    await service.stop();
  }
}
