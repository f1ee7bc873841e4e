import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectTo, type RpcClients } from "../../test/support/rpc-clients.ts";
import type { Service } from "../../test/support/service.ts";
import { startTraceCollector, type TraceCollector } from "../../test/support/trace-collector.ts";
import { startCompiled } from "../compiled-service.ts";
import { fillCorpus } from "../corpus.ts";
import type { IngestServer } from "../ingest/ingest-server.ts";
import { cpuSeconds, quantile } from "../machine.ts";
import { openCorpus, settle } from "../search/corpus-database.ts";
import { writeQueries } from "../search/queries.ts";
import type { Report } from "../search/report.ts";

/** Small owners, whose searches are the quickest: of theirs monitoring takes the largest share. */
const owners = Array.from({ length: 20 }, (_, index) => ({ ownerId: `owner-${index}`, chunks: 200 }));
const inFlight = 4;
const rounds = Number(process.env.BENCH_ROUNDS ?? 30);
/** So short that a change of the machine's load meets all services. */
const sliceSeconds = 0.5;
const slicesPerRound = 4;
/** Code is compiled as it runs. */
const warmUpSearches = 1_000;
const idleSeconds = 20;
const scrapes = 20;
const sampleRatio = 0.01;
const boundRatio = 0.95;

const databaseName = "monitoring_overhead";

const contenders = ["off", "on", "debug"] as const;
type Name = (typeof contenders)[number];

/** A service that is searched. */
interface Contender {
  readonly name: Name;
  readonly service: Service;
  readonly clients: RpcClients;
}

/** What was measured of one service in one round. */
interface Figures {
  readonly searchesPerSecond: number;
  /** Of its process while it is searched. */
  readonly cpuMsPerSearch: number;
}

type Measured = Readonly<Record<Name, Figures[]>>;

/**
 * The same searches on services that differ only in what they tell: nothing; metrics, a part of the traces and the usual logs; the same
 * with a line for every RPC. They have one database, and take turns.
 */
export async function measureOverhead(server: IngestServer, report: Report): Promise<void> {
  const databaseUrl = await server.create(databaseName);
  const directory = await mkdtemp(join(tmpdir(), "llmemory-bench-"));
  const collector = await startTraceCollector();
  const running: Contender[] = [];
  try {
    await fill(databaseUrl);
    for (const name of contenders) running.push(await start(name, { databaseUrl, directory, collector }));
    const { measured, searchesPerSlice } = await takeTurns(running);
    report.text(
      `Hybrid searches, no two alike, of ${owners.length} owners of ${owners[0]?.chunks} chunks each, ${inFlight} at once; hashing provider. ${rounds} rounds, each of ` +
        `${slicesPerRound} slices of ${searchesPerSlice} searches on each service, the same for all; another service is the first each time. ` +
        "Services are compared in each round; what is shown is the median of the rounds. What is done without a search is told apart.",
    );
    writeTable(report, measured);
    await measureIdle(report, running);
    await measureScrapes(report, running);
    const searches = warmUpSearches + rounds * slicesPerRound * searchesPerSlice;
    report.text(await describeTold(running, { searches, directory, collector }));
  } finally {
    for (const { clients, service } of running) {
      clients.close();
      await service.stop();
    }
    collector.close();
    await server.drop(databaseName);
    await rm(directory, { recursive: true, force: true });
  }
}

async function fill(databaseUrl: string): Promise<void> {
  const corpus = await openCorpus(databaseUrl);
  try {
    await fillCorpus(corpus.database, corpus.table, owners, { seed: 6 });
    await settle(corpus);
  } finally {
    await corpus.close();
  }
}

interface Surroundings {
  readonly databaseUrl: string;
  readonly directory: string;
  readonly collector: TraceCollector;
}

async function start(name: Name, { databaseUrl, directory, collector }: Surroundings): Promise<Contender> {
  const environment =
    name === "off"
      ? { LLMEMORY_ENABLE_MONITORING: "false", LLMEMORY_LOG_LEVEL: "silent" }
      : {
          LLMEMORY_OTLP_ENDPOINT: collector.endpoint,
          LLMEMORY_TRACE_SAMPLE_RATIO: String(sampleRatio),
          LLMEMORY_LOG_LEVEL: name === "debug" ? "debug" : "info",
          LLMEMORY_LOG_DIRECTORY: join(directory, name),
        };
  const service = await startCompiled({ databaseUrl, dataDirectory: "" }, environment);
  return { name, service, clients: connectTo(service) };
}

async function takeTurns(running: readonly Contender[]): Promise<{ measured: Measured; searchesPerSlice: number }> {
  const warmUp = writeQueries(warmUpSearches, 1);
  const seconds = [];
  for (const contender of running) seconds.push(await search(contender, warmUp));
  const searchesPerSlice = Math.ceil((warmUpSearches / Math.max(...seconds)) * sliceSeconds);
  const measured: Measured = { off: [], on: [], debug: [] };
  for (let round = 0; round < rounds; round++) {
    const slices = Array.from({ length: slicesPerRound }, (_, slice) =>
      writeQueries(searchesPerSlice, 2 + round * slicesPerRound + slice),
    );
    for (const [name, figures] of await runRound(running, slices)) measured[name].push(figures);
    const shown = contenders.map((name) => `${name} ${measured[name][round]?.searchesPerSecond.toFixed(0)}`);
    process.stderr.write(`round ${round + 1}, searches/s: ${shown.join(", ")}\n`);
  }
  return { measured, searchesPerSlice };
}

/** Each slice on each service, in another order each time. */
async function runRound(
  running: readonly Contender[],
  slices: readonly (readonly string[])[],
): Promise<readonly (readonly [Name, Figures])[]> {
  const rows = running.map((contender) => ({ contender, seconds: 0, cpuSeconds: 0 }));
  for (const [slice, queries] of slices.entries()) {
    for (let turn = 0; turn < rows.length; turn++) {
      const row = rows[(slice + turn) % rows.length];
      if (!row) continue;
      const cpuBefore = cpuSeconds(row.contender.service.pid);
      row.seconds += await search(row.contender, queries);
      row.cpuSeconds += cpuSeconds(row.contender.service.pid) - cpuBefore;
    }
  }
  const searches = slices.flat().length;
  return rows.map((row) => [
    row.contender.name,
    { searchesPerSecond: searches / row.seconds, cpuMsPerSearch: (row.cpuSeconds * 1_000) / searches },
  ]);
}

/** @returns the seconds that all queries took. */
async function search({ clients }: Contender, queries: readonly string[]): Promise<number> {
  const started = performance.now();
  let next = 0;
  const askUntilNoneIsLeft = async () => {
    for (let index = next++; index < queries.length; index = next++) {
      const ownerId = owners[index % owners.length]?.ownerId ?? "";
      await clients.search.search({ ownerId, queryText: queries[index] ?? "" });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, askUntilNoneIsLeft));
  return (performance.now() - started) / 1_000;
}

/** As Prometheus does. Undefined: the service keeps no metrics. */
async function scrape({ service }: Contender): Promise<string | undefined> {
  const response = await fetch(`http://${service.httpAddress}/metrics`, { headers: { accept: "application/openmetrics-text" } });
  const body = await response.text();
  return response.status === 404 ? undefined : body;
}

function writeTable(report: Report, measured: Measured): void {
  for (const name of contenders) {
    const median = (figure: keyof Figures) =>
      quantile(
        measured[name].map((figures) => figures[figure]),
        0.5,
      );
    const cpu = `${median("cpuMsPerSearch").toFixed(2)} ms of the service's CPU for each`;
    report.figure(titles[name], `${median("searchesPerSecond").toFixed(0)} searches/s; ${cpu}`);
  }
  const rates = ratios(measured, "on", "searchesPerSecond");
  const isReached = quantile(rates, 0.5) >= boundRatio;
  report.bound("throughput: on ÷ off", showQuartiles(rates), `at least ${boundRatio}`, isReached);
  report.figure("CPU for each search: on ÷ off", showQuartiles(ratios(measured, "on", "cpuMsPerSearch")));
  report.figure("throughput: on with a line per RPC ÷ off", showQuartiles(ratios(measured, "debug", "searchesPerSecond")));
  report.figure("CPU for each search: on with a line per RPC ÷ off", showQuartiles(ratios(measured, "debug", "cpuMsPerSearch")));
}

/** What services do without being asked, which is not in the CPU of searches. */
async function measureIdle(report: Report, running: readonly Contender[]): Promise<void> {
  // What the searches have left to do is done by then.
  await sleep(5_000);
  const before = running.map(({ service }) => cpuSeconds(service.pid));
  await sleep(idleSeconds * 1_000);
  const shown = running.map(({ name, service }, index) => {
    const cpuMs = ((cpuSeconds(service.pid) - (before[index] ?? Number.NaN)) * 1_000) / idleSeconds;
    return `${name} ${cpuMs.toFixed(1)} ms`;
  });
  report.figure("CPU in a second while nobody searches", shown.join(", "));
}

async function measureScrapes(report: Report, running: readonly Contender[]): Promise<void> {
  const contender = running.find(({ name }) => name === "on");
  if (!contender) return;
  const before = cpuSeconds(contender.service.pid);
  for (let index = 0; index < scrapes; index++) await scrape(contender);
  const cpuMs = ((cpuSeconds(contender.service.pid) - before) * 1_000) / scrapes;
  report.figure("CPU of the service for one read of `/metrics`", `${cpuMs.toFixed(1)} ms`);
}

const titles: Readonly<Record<Name, string>> = {
  off: "off: no metrics, no tracing, no logs",
  on: `on: metrics, ${100 * sampleRatio} % of the traces to a collector, logs at info to a file`,
  debug: "on with a line per RPC: the same, logs at debug",
};

function ratios(measured: Measured, name: Name, figure: keyof Figures): readonly number[] {
  return measured[name].map((figures, round) => figures[figure] / (measured.off[round]?.[figure] ?? Number.NaN));
}

function showQuartiles(values: readonly number[]): string {
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(values, share).toFixed(3));
  return `${median} (quartiles ${low} and ${high})`;
}

/** That the services have told what they should, since one that tells nothing costs nothing. */
async function describeTold(
  running: readonly Contender[],
  { searches, directory, collector }: { searches: number; directory: string; collector: TraceCollector },
): Promise<string> {
  const told = [];
  for (const contender of running) {
    const metrics = await scrape(contender);
    if (contender.name === "off") {
      if (metrics !== undefined || contender.service.stderr() !== "") throw new Error("the service that is off tells something");
      continue;
    }
    const counted = [...(metrics ?? "").matchAll(/^memory_search_requests_total\{.*\} (\d+)$/gm)];
    const count = counted.reduce((sum, [, value]) => sum + Number(value), 0);
    if (count !== searches) throw new Error(`${contender.name}: ${count} of ${searches} searches are in the metrics`);
    // One that stops sends the spans that wait.
    await contender.service.stop();
    told.push(`${contender.name} ${await countLines(join(directory, contender.name))} lines of log`);
  }
  const traces = new Set(collector.spans.map(({ traceId }) => traceId)).size;
  if (traces === 0) throw new Error("no trace has come to the collector");
  const each = `${searches} searches on each service, all in the metrics of those that are on`;
  return `Told in all: ${each}; ${collector.spans.length} spans of ${traces} traces of both; ${told.join(", ")}.`;
}

async function countLines(directory: string): Promise<number> {
  let lines = 0;
  for (const name of await readdir(directory)) lines += (await readFile(join(directory, name), "utf8")).split("\n").length - 1;
  return lines;
}
