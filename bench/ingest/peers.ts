import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pythonProgram, repositoryDirectory } from "../../scripts/toolchains.ts";
import { command } from "../compiled-service.ts";
import { quantile } from "../machine.ts";
import type { Report } from "../search/report.ts";

/**
 * The harness that drives the peers, and the Python environments that they are installed in: see its README. Its PostgreSQL, whose
 * port one of its drivers knows, serves them all.
 */
const harness = process.env.LLMEMORY_BASELINE ?? "";
const base = process.env.BASE ?? "/tmp/llmemory-baseline";
const postgresPort = 54_001;

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const documents = 500;

const serviceDriver = "llmemory_service";
const serviceEnvironment = {
  SERVICE_COMMAND: [...command, "serve"].join(" "),
  LLMEMORY_DATABASE_URL: `postgresql://postgres@127.0.0.1:${postgresPort}/llmemory_service_bench`,
  LLMEMORY_EMBEDDING_PROVIDER: "hashing",
  LLMEMORY_GRPC_ADDRESS: "127.0.0.1:0",
  LLMEMORY_HTTP_ADDRESS: "127.0.0.1:0",
  LLMEMORY_LOG_LEVEL: "error",
};

interface Contender {
  readonly name: string;
  readonly python: string;
  readonly driver: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What it does with a document, since they do not all do the same. */
  readonly work: string;
}

/** As the harness prints it. */
interface Run {
  readonly docs_s: number;
  readonly svc_cpu_s: number;
  readonly pg_cpu_s: number | null;
  readonly rss_peak_mb: number;
}

const peers: readonly Contender[] = [
  {
    name: "Chroma 1.5.9",
    python: join(base, "v-chroma/bin/python"),
    driver: "chroma_http",
    work: "1 vector, made by the client; no text index; 2 batches of 200 at a time",
  },
  {
    name: "mem0 2.2.1",
    python: join(base, "v-mem0/bin/python"),
    driver: "mem0_pg",
    work: "1 vector, 1 row; library in the client's process; 16 at a time",
  },
  {
    name: "llmemory 0.5.0 (Python library)",
    python: join(base, "v-llm/bin/python"),
    driver: "llmemory_lib",
    work: "about 4 chunks with vectors and text index; library in the client's process; 16 at a time",
  },
];

function ours(name: string, environment: Readonly<Record<string, string>>): Contender {
  const work = "about 4 chunks with text index, on disk";
  return { name: `this service, ${name}`, python: pythonProgram, driver: serviceDriver, environment, work };
}

// Code is compiled as it runs, so a service that has just started is slower.
const warm = { WARM_UP: "2000" };
// Above the switch of 10,000 chunks, so that each new vector also goes into the approximate index.
const singleOwner = { SINGLE_OWNER: "3000" };
const durable = ours("at Durable", { WAIT_FOR: "durable", ...warm });
const indexed = ours("at Indexed", { WAIT_FOR: "indexed", ...warm });
// As the driver of Chroma does it.
const batches = { BATCH: "200" };
const durableBatches = ours("by BatchAddDocuments of 200, two at a time, committed", {
  WAIT_FOR: "durable",
  ...warm,
  ...batches,
});
const indexedBatches = ours("by BatchAddDocuments of 200, two at a time, searchable", {
  WAIT_FOR: "indexed",
  ...warm,
  ...batches,
});
const compared = [durable, indexed, durableBatches, indexedBatches];
const contenders: readonly Contender[] = [
  ...compared,
  ...peers.filter(({ python }) => existsSync(python)),
  ours("at Durable, its first documents after the start", { WAIT_FOR: "durable" }),
  ours("at Durable, one owner of over 10,000 chunks", { WAIT_FOR: "durable", ...singleOwner }),
  ours("at Indexed, one owner of over 10,000 chunks", { WAIT_FOR: "indexed", ...singleOwner }),
];

/** 500 documents of 2 KB of 20 owners, stored by this service and by its peers in turn, all with hashed vectors of 384 dimensions. */
export async function measurePeers(report: Report): Promise<void> {
  if (!existsSync(join(harness, "bench.py"))) throw new Error("set LLMEMORY_BASELINE to the folder of the peers' harness");
  const directory = await mkdtemp(join(tmpdir(), "llmemory-bench-"));
  if (!existsSync(join(base, "pgdata"))) runPostgres("init");
  runPostgres("start");
  try {
    const runs = new Map<Contender, Run[]>(contenders.map((contender) => [contender, []]));
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        const run = await measure(contender, directory);
        runs.get(contender)?.push(run);
        process.stderr.write(`round ${round + 1}, ${contender.name}: ${run.docs_s} documents/s\n`);
      }
    }
    writeTable(report, runs);
  } finally {
    runPostgres("stop");
    await rm(directory, { recursive: true, force: true });
  }
}

function writeTable(report: Report, runs: ReadonlyMap<Contender, readonly Run[]>): void {
  const rateOf = (contender: Contender) => (runs.get(contender) ?? []).map((run) => run.docs_s);
  for (const [contender, ofIt] of runs) {
    const rates = rateOf(contender);
    const cpu = ofIt.map((run) => (1_000 * (run.svc_cpu_s + (run.pg_cpu_s ?? 0))) / documents);
    const spread = `${Math.min(...rates)} to ${Math.max(...rates)}`;
    report.figure(
      `${contender.name}: ${contender.work}`,
      `${quantile(rates, 0.5)} documents/s (${spread}); CPU of service and database ${quantile(cpu, 0.5).toFixed(1)} ms/document; ` +
        `service at most ${quantile(
          ofIt.map((run) => run.rss_peak_mb),
          0.5,
        )} MB`,
    );
  }
  for (const own of compared) {
    for (const peer of peers) {
      const ratios = rateOf(own).map((rate, round) => rate / (rateOf(peer)[round] ?? Number.NaN));
      if (ratios.some(Number.isNaN)) continue;
      const factor = peer.driver === "llmemory_lib" ? 10 : 1;
      const ratio = quantile(ratios, 0.5);
      const shown = `${ratio.toFixed(1)} times (rounds ${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)})`;
      report.bound(`${own.name} beside ${peer.name}`, shown, `at least ${factor} times`, ratio >= factor);
    }
  }
}

/** One run of the harness, each on a new database. */
async function measure({ python, driver, environment }: Contender, directory: string): Promise<Run> {
  for (const name of ["llmemory_service_bench", "mem0_bench", "llm_bench"])
    for (const statement of [`drop database if exists ${name} with (force)`, `create database ${name}`])
      runPostgres("psql", "-qc", statement);
  const child = spawn(python, [join(harness, "bench.py"), driver, "W1"], {
    cwd: harness,
    env: {
      // One of the peers has settings of the same names.
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("LLMEMORY_"))),
      ...(driver === serviceDriver && serviceEnvironment),
      BASE: base,
      OUT: join(directory, "results"),
      N_DOCS: String(documents),
      PYTHONDONTWRITEBYTECODE: "1",
      // The folder `drivers` is one package in all the places where it lies.
      PYTHONPATH: [harness, join(repositoryDirectory, "bench/ingest"), join(repositoryDirectory, "gen/python")].join(":"),
      ...environment,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  for await (const text of child.stdout.setEncoding("utf8")) output += text;
  const line = output.split("\n").find((each) => each.includes('"docs_s"'));
  if (line === undefined) throw new Error(`${driver} measured nothing:\n${output}`);
  return JSON.parse(line);
}

function runPostgres(...command: string[]): void {
  const result = spawnSync(join(harness, "bin/pg.sh"), command, { env: { ...process.env, BASE: base }, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`the peers' PostgreSQL: ${command.join(" ")}: ${result.stderr}`);
}
