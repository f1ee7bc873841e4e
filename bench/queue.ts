import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import pino from "pino";
import { repositoryDirectory } from "../scripts/toolchains.ts";
import { systemClock } from "../src/domain/clock.ts";
import { limits } from "../src/domain/limits.ts";
import { Wakeup } from "../src/domain/wakeup.ts";
import type { EmbeddingProvider } from "../src/embedding/embedding-provider.ts";
import { EmbeddingWorker } from "../src/embedding/embedding-worker.ts";
import { createHashingEmbedder } from "../src/embedding/hashing-embedder.ts";
import { createMetrics, type Metrics } from "../src/observability/metrics.ts";
import type { Database } from "../src/storage/database.ts";
import { type EmbeddingTable, ensureActiveModel } from "../src/storage/embedding-models.ts";
import { migrate } from "../src/storage/migrate.ts";
import { openDatabase } from "../src/storage/open-database.ts";
import { durableSettings } from "../test/support/postgres/server-settings.ts";
import { openBenchPostgres } from "./bench-postgres.ts";
import { describeMachine, quantile } from "./machine.ts";

/**
 * Measures the embedding queue on PostgreSQL with an embedder that costs nothing: jobs per second, and how long a small owner waits beside
 * a large one. Writes `bench/results/queue.md`. It starts a PostgreSQL of its own, or takes the one of BENCH_DATABASE_URL.
 */
const jobCount = 100_000;
const dimension = 384;
const boundJobsPerSecond = 3_000;
const boundBatches = 2;

interface OpenQueue {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly metrics: Metrics;
}

/** Who has how many of the jobs. */
interface Load {
  readonly name: string;
  /** SQL for the owner of job n. */
  readonly owner: string;
}

const loads: readonly Load[] = [
  { name: "one owner", owner: "'large'" },
  { name: "one owner with 99,500, fifty with 10 each", owner: "case when n <= 500 then 'small-' || n % 50 else 'large' end" },
  { name: "1,000 owners", owner: "'owner-' || n % 1000" },
];

/** Fills the database with chunks and their jobs, and nothing else that counts. */
async function fill(database: Database, load: Load, modelId: string): Promise<void> {
  await database.query("empty", "truncate documents, embedding_jobs, owner_counters cascade");
  await database.query(
    "documents",
    `insert into documents (owner_id, document_id, id_at_origin, document_name, document_type, metadata, language, fingerprint,
       chunk_count, size_bytes, version, created_at, updated_at)
     select distinct on (owner_id) owner_id, gen_random_uuid(), 'd', 'd', 'text', '{}'::jsonb, 'en', '\\x00'::bytea, 1, 1, 1, now(), now()
     from (select ${load.owner} as owner_id from generate_series(1, $1) as n) as owners`,
    [jobCount],
  );
  await database.query(
    "chunks",
    `insert into document_chunks (owner_id, chunk_id, document_id, chunk_level, chunk_index, char_start, char_end, token_count, metadata,
       content, content_hash, text_config, search_vector)
     select d.owner_id, gen_random_uuid(), d.document_id, 0, n, 0, 1, 1, '{}', n || repeat(' a text of some five hundred characters', 12),
            '\\x00', 'simple', ''
     from generate_series(1, $1) as n
     join documents d on d.owner_id = ${load.owner}`,
    [jobCount],
  );
  await database.query(
    "jobs",
    `insert into embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, created_at)
     select owner_id, chunk_id, $1, 'pending', 0, now(), now() from document_chunks order by chunk_index`,
    [modelId],
  );
  await database.query("analyze", "vacuum analyze");
}

/** An embedder that costs nothing, and tells of each batch. */
function freeEmbedder(onBatch: (texts: readonly string[]) => void = () => {}): EmbeddingProvider {
  const hashing = createHashingEmbedder({ dimension });
  const vector = new Float32Array(dimension).fill(Math.sqrt(1 / dimension));
  return {
    ...hashing,
    embed: async (texts) => {
      onBatch(texts);
      return texts.map(() => vector);
    },
  };
}

function startWorkers(
  queue: OpenQueue,
  count: number,
  provider: EmbeddingProvider,
  jobsSettled = new Wakeup(),
): EmbeddingWorker[] {
  const jobsEnqueued = new Wakeup();
  const deps = { ...queue, provider, clock: systemClock, logger: pino({ level: "error" }), jobsEnqueued, jobsSettled };
  return Array.from({ length: count }, () => new EmbeddingWorker(deps));
}

async function countJobs(database: Database): Promise<number> {
  const { rows } = await database.query<{ count: number }>("count_jobs", "select count(*)::integer as count from embedding_jobs");
  return rows[0]?.count ?? 0;
}

/** Works the queue off; returns jobs per second. */
async function measureSpeed(queue: OpenQueue, workers: number): Promise<number> {
  let embedded = 0;
  const allEmbedded = Promise.withResolvers<void>();
  const provider = freeEmbedder((texts) => {
    embedded += texts.length;
    if (embedded >= jobCount) allEmbedded.resolve();
  });
  const started = performance.now();
  const running = startWorkers(queue, workers, provider);
  await allEmbedded.promise;
  while ((await countJobs(queue.database)) > 0) await sleep(5);
  const seconds = (performance.now() - started) / 1_000;
  await Promise.all(running.map((worker) => worker.stop()));
  return jobCount / seconds;
}

/** Adds ten jobs of a new owner while a large one's are worked on; returns after how many batches the last of them was embedded. */
async function measureFairness(queue: OpenQueue, rounds: number): Promise<number[]> {
  let batches = 0;
  let waiting: { text: string; left: number; from: number; done: (batches: number) => void } | undefined;
  const provider = freeEmbedder((texts) => {
    batches++;
    if (!waiting) return;
    waiting.left -= texts.filter((text) => text.includes(waiting?.text ?? "")).length;
    if (waiting.left === 0) waiting.done(batches - waiting.from);
  });
  const running = startWorkers(queue, 1, provider);
  const positions: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const text = randomUUID();
    const { promise, resolve } = Promise.withResolvers<number>();
    await addSmallOwner(queue, text);
    waiting = { text, left: 10, from: batches, done: resolve };
    positions.push(await promise);
    waiting = undefined;
  }
  await Promise.all(running.map((worker) => worker.stop()));
  return positions;
}

async function addSmallOwner({ database, table }: OpenQueue, text: string): Promise<void> {
  await database.query(
    "add_small_owner",
    `with document as (
       insert into documents (owner_id, document_id, id_at_origin, document_name, document_type, metadata, language, fingerprint,
         chunk_count, size_bytes, version, created_at, updated_at)
       values ($1, gen_random_uuid(), 'd', 'd', 'text', '{}', 'en', '\\x00', 1, 1, 1, now(), now())
       returning owner_id, document_id),
     chunks as (
       insert into document_chunks (owner_id, chunk_id, document_id, chunk_level, chunk_index, char_start, char_end, token_count, metadata,
         content, content_hash, text_config, search_vector)
       select owner_id, gen_random_uuid(), document_id, 0, n, 0, 1, 1, '{}', $1 || ' ' || n, '\\x00', 'simple', ''
       from document, generate_series(1, 10) as n
       returning owner_id, chunk_id)
     insert into embedding_jobs (owner_id, chunk_id, model_id, state, attempts, available_at, created_at)
     select owner_id, chunk_id, $2, 'pending', 0, $3, $3 from chunks`,
    [text, table.modelId, new Date()],
  );
}

/** Mean time of each statement of a worker on the wire. */
async function statementTimes(metrics: Metrics): Promise<string> {
  const { values } = await metrics.dbQueryDurationSeconds.get();
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { metricName, labels, value } of values) {
    const name = String(labels.query_type);
    const entry = sums.get(name) ?? { sum: 0, count: 0 };
    sums.set(name, entry);
    if (metricName?.endsWith("_sum")) entry.sum = value;
    if (metricName?.endsWith("_count")) entry.count = value;
  }
  const names = ["claim_jobs", "find_known_vectors", "begin", "lock_chunks", "store_embeddings", "add_to_counters", "commit"];
  return names.map((name) => `${name} ${meanMs(sums.get(name))}`).join(", ");
}

function meanMs(entry: { sum: number; count: number } | undefined): string {
  return entry ? `${((1_000 * entry.sum) / entry.count).toFixed(1)} ms` : "none";
}

async function open(databaseUrl: string): Promise<OpenQueue & { close: () => Promise<void> }> {
  const metrics = createMetrics({ ownerLabels: true, version: "bench" });
  const settings = { databaseUrl, dataDirectory: "", schema: "llmemory", databasePoolSizeMax: 10, slowQueryMs: 3_600_000 };
  const database = await openDatabase({ metrics, logger: pino({ level: "error" }) }, settings);
  await migrate(database, settings.schema);
  const table = await ensureActiveModel(database, createHashingEmbedder({ dimension }).model, new Date());
  return { database, table, metrics, close: () => database.close() };
}

async function administer(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function run(queue: OpenQueue, version: string): Promise<string> {
  const machine = describeMachine();
  const rows: string[] = [];
  const add = (what: string, measured: string, bound = "") => {
    rows.push(`| ${what} | ${measured} | ${bound} |`);
    process.stderr.write(`${what}: ${measured} ${bound}\n`);
  };
  const judge = (isReached: boolean) => (isReached ? "reached" : "**missed**");
  for (const load of loads) {
    for (const workers of load === loads[0] ? [1, 2, 4] : [2]) {
      await fill(queue.database, load, queue.table.modelId);
      queue.metrics.dbQueryDurationSeconds.reset();
      const speed = await measureSpeed(queue, workers);
      const bound = workers === 1 ? "" : `at least ${boundJobsPerSecond}: ${judge(speed >= boundJobsPerSecond)}`;
      add(`${load.name}, ${workers} × worker`, `${Math.round(speed)} jobs/s; ${await statementTimes(queue.metrics)}`, bound);
    }
  }
  const [large] = loads;
  if (large) await fill(queue.database, large, queue.table.modelId);
  const positions = await measureFairness(queue, 50);
  const left = await countJobs(queue.database);
  const worst = Math.max(...positions);
  add(
    `ten chunks of a new owner beside one with 100,000, 50 times (${left} left at the end)`,
    `embedded after ${quantile(positions, 0.5)} batches, p95 ${quantile(positions, 0.95)}, at most ${worst}`,
    `at most ${boundBatches} later than alone: ${judge(worst <= boundBatches + 1)}`,
  );
  return [
    "# The embedding queue in figures",
    "Made by `npm run bench:queue`.",
    `${machine}\n- ${version}\n- load after the run: ${loadavg()[0]?.toFixed(2)}`,
    ["| what | measured | bound |", "|---|---|---|", ...rows].join("\n"),
    `${jobCount.toLocaleString("en-US")} jobs of 500 characters each; vectors of ${dimension} components that cost nothing to make; batches of up to ${limits.embeddingBatchSizeMax}. Workers share one process and one pool of 10 connections, and the machine with the database. A worker has two batches under way. Times are means on the wire, waiting for the processor included.`,
    "",
  ].join("\n\n");
}

const postgres = await openBenchPostgres(durableSettings);
const name = "llmemory_bench_queue";
try {
  await administer(postgres.url, `drop database if exists ${name} with (force)`, `create database ${name}`);
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  const queue = await open(url.href);
  try {
    await writeFile(join(repositoryDirectory, "bench/results/queue.md"), await run(queue, queue.database.version));
  } finally {
    await queue.close();
  }
  await administer(postgres.url, `drop database ${name} with (force)`);
} finally {
  await postgres.stop();
}
