import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { startCompiled } from "../compiled-service.ts";
import { cpuSeconds, quantile } from "../machine.ts";
import { openCorpus, schema } from "../search/corpus-database.ts";
import type { Report } from "../search/report.ts";
import { type CopiedRows, copyBare, generateTextIndex, loadedTables, readRows } from "./bare-copy.ts";
import { type BulkStream, bulkOwner, writeBulkStream } from "./bulk-corpus.ts";
import type { IngestServer } from "./ingest-server.ts";
import { sendStream } from "./raw-stream.ts";

const chunksMin = Number(process.env.BENCH_CHUNKS ?? 100_000);
const rounds = 3;

/** The figures of one round; CPU in seconds. */
interface Round {
  readonly loadMs: number;
  /** Only measured in the last round: building takes minutes. */
  readonly indexMs: number | undefined;
  readonly serviceCpu: number;
  readonly loadCpu: number;
  readonly bareMs: number;
  readonly bareCpu: number;
  readonly finishedMs: number;
  readonly createMs: number | undefined;
}

/**
 * 100,000 chunks with vectors of the client's own through a bulk stream, beside one bare COPY per table of what that has stored;
 * BENCH_CHUNKS for less.
 */
export async function measureBulk(server: IngestServer, report: Report): Promise<void> {
  const stream = await writeBulkStream(chunksMin);
  const all: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const isLast = round === rounds - 1;
    const { embeddings, ...load } = await loadByStream(server, stream, isLast);
    const figures = { ...load, ...(await loadBare(server, embeddings, isLast)) };
    all.push(figures);
    process.stderr.write(`round ${round + 1}, load ${loadavg()[0]?.toFixed(1)}: ${JSON.stringify(figures)}\n`);
  }
  describe(report, stream, all);
}

function describe(report: Report, { documents, chunks }: BulkStream, all: readonly Round[]): void {
  const median = (figure: (round: Round) => number) => quantile(all.map(figure), 0.5);
  const rate = (figure: (round: Round) => number) => `${Math.round((1_000 * chunks) / median(figure))} chunks/s`;
  const cost = (figure: (round: Round) => number) => `${((1e6 * median(figure)) / chunks).toFixed(0)} µs`;
  const percent = (figure: (round: Round) => number) => {
    const each = all.map((round) => (100 * figure(round)).toFixed(0)).join(", ");
    return `${(100 * median(figure)).toFixed(0)} % (rounds ${each})`;
  };
  report.text(
    `${documents} documents, ${chunks} chunks with vectors of 384 dimensions, one owner, ${rounds} rounds in turn, medians. Both sides ` +
      "fill documents, contents, chunks with their text index, and vectors, with the same columns, indexes and foreign keys, durably. The " +
      "bare side is one COPY per table, all in one transaction, of rows that are encoded beforehand; its tsvector is a generated column, " +
      "made while it copies. The stream's messages are encoded beforehand as well. Client, service and PostgreSQL share the machine.",
  );
  const ratio = (round: Round) => round.bareMs / round.loadMs;
  report.bound(
    "bulk stream, from its opening to the last Durable",
    `${rate((round) => round.loadMs)}, ${percent(ratio)} of the bare COPY, which stores ${rate((round) => round.bareMs)}`,
    "at least 70 %",
    median(ratio) >= 0.7,
  );
  report.figure(
    "CPU per chunk, which other work on the machine hardly touches",
    `service ${cost((round) => round.serviceCpu)}, PostgreSQL ${cost((round) => round.loadCpu)}; PostgreSQL under the bare COPY ` +
      `${cost((round) => round.bareCpu)}, ${percent((round) => round.bareCpu / round.loadCpu)} of that`,
  );
  report.figure(
    "beside it: a bare COPY of finished tsvector values, which somebody has made before",
    `${rate((round) => round.finishedMs)}; the stream reaches ${percent((round) => round.finishedMs / round.loadMs)} of it`,
  );
  const { indexMs = Number.NaN, createMs = Number.NaN } = all.at(-1) ?? {};
  report.figure(
    "from the last Durable until the approximate index holds all vectors, last round",
    `${(indexMs / 1_000).toFixed(1)} s; a bare CREATE INDEX of the same rows takes ${(createMs / 1_000).toFixed(1)} s: ` +
      `${((100 * createMs) / indexMs).toFixed(0)} % of its speed`,
  );
}

async function loadByStream(server: IngestServer, stream: BulkStream, isIndexAwaited: boolean) {
  const databaseUrl = await server.create("llmemory_bench_stream");
  const postgresCpu = await server.watchCpu();
  await using service = await startCompiled({ databaseUrl, dataDirectory: "" }, {});
  const client = await connect(databaseUrl);
  try {
    await client.query("checkpoint");
    const [serviceBefore, postgresBefore] = [cpuSeconds(service.pid), postgresCpu()];
    const began = performance.now();
    const loadMs = await sendStream(service.grpcAddress, stream.frames);
    const [serviceAfter, postgresAfter] = [cpuSeconds(service.pid), postgresCpu()];
    const { rows } = await client.query<{ table_name: string }>("select table_name from embedding_models where state = 'active'");
    const embeddings = rows[0]?.table_name ?? "";
    while (isIndexAwaited && !(await isIndexed(client, embeddings, stream.chunks))) await sleep(100);
    return {
      embeddings,
      loadMs,
      indexMs: isIndexAwaited ? performance.now() - began - loadMs : undefined,
      serviceCpu: serviceAfter - serviceBefore,
      loadCpu: postgresAfter - postgresBefore,
    };
  } finally {
    await client.end();
  }
}

/** Whether an index that may be used holds all vectors. */
async function isIndexed(client: Client, embeddings: string, count: number): Promise<boolean> {
  const { rows } = await client.query<{ indexed: string; valid: string; partitions: string }>(
    `select (select count(*) from ${embeddings} where owner_id = $1 and indexed) as indexed,
            (select count(*) from pg_index i join pg_class c on c.oid = i.indexrelid where c.relname like $2 || '%\\_hnsw' and i.indisvalid) as valid,
            (select count(*) from pg_inherits where inhparent = $2::regclass) as partitions`,
    [bulkOwner, embeddings],
  );
  const [row] = rows;
  return Number(row?.indexed) === count && row?.valid === row?.partitions;
}

/** The same rows without a service. */
async function loadBare(server: IngestServer, embeddings: string, isIndexed: boolean) {
  const source = await connect(server.urlOf("llmemory_bench_stream"));
  const shared: CopiedRows[] = [];
  for (const table of loadedTables.slice(0, -1)) shared.push(await readRows(source, table));
  const chunks = await readRows(source, "document_chunks", ["search_vector"]);
  const finishedChunks = await readRows(source, "document_chunks");
  const vectors = await readRows(source, embeddings, ["indexed"]);
  await source.end();
  const bare = await loadInto(server, embeddings, generateTextIndex, [...shared, chunks, vectors]);
  const finished = await loadInto(server, embeddings, async () => {}, [...shared, finishedChunks, vectors]);
  const createMs = isIndexed ? await createIndexBare(server, embeddings) : undefined;
  return { bareMs: bare.ms, bareCpu: bare.cpu, finishedMs: finished.ms, createMs };
}

async function loadInto(
  server: IngestServer,
  embeddings: string,
  prepare: (client: Client) => Promise<void>,
  rows: readonly CopiedRows[],
): Promise<{ ms: number; cpu: number }> {
  const databaseUrl = await server.create("llmemory_bench_bare");
  const postgresCpu = await server.watchCpu();
  const corpus = await openCorpus(databaseUrl);
  if (corpus.table.tableName !== embeddings)
    throw new Error(`the service stored in ${embeddings}, not in ${corpus.table.tableName}`);
  await corpus.close();
  const client = await connect(databaseUrl);
  try {
    await prepare(client);
    await client.query("checkpoint");
    const before = postgresCpu();
    const ms = await copyBare(client, rows);
    return { ms, cpu: postgresCpu() - before };
  } finally {
    await client.end();
  }
}

/** Over rows that were loaded just now, by one process, as the service builds it. */
async function createIndexBare(server: IngestServer, embeddings: string): Promise<number> {
  const client = await connect(server.urlOf("llmemory_bench_bare"));
  try {
    const { rows } = await client.query<{ partition: string }>(
      `select distinct tableoid::regclass::text as partition from ${embeddings}`,
    );
    const partition = rows[0]?.partition ?? "";
    await client.query(
      "set maintenance_work_mem to '256MB'; set max_parallel_maintenance_workers to 0; set statement_timeout to 0",
    );
    const started = performance.now();
    await client.query(
      `create index bare_hnsw on ${partition} using hnsw (embedding halfvec_cosine_ops) with (m = 16, ef_construction = 200)`,
    );
    return performance.now() - started;
  } finally {
    await client.end();
  }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`set search_path to ${schema}, public; set jit to off`);
  return client;
}
