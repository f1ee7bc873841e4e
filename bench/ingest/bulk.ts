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

const chunksMin = 100_000;
const rounds = 3;

/** 100,000 chunks with vectors of the client's own through a bulk stream, beside one bare COPY per table of what that has stored. */
export async function measureBulk(server: IngestServer, report: Report): Promise<void> {
  const stream = await writeBulkStream(chunksMin);
  const times = {
    load: [] as number[],
    index: [] as number[],
    bare: [] as number[],
    finished: [] as number[],
    create: [] as number[],
  };
  const cpu = { service: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const { embeddings, loadMs, indexMs, serviceCpuSeconds } = await loadByStream(server, stream);
    times.load.push(loadMs);
    times.index.push(indexMs);
    cpu.service.push(serviceCpuSeconds);
    const bare = await loadBare(server, embeddings);
    times.bare.push(bare.generatedMs);
    times.finished.push(bare.finishedMs);
    times.create.push(bare.createMs);
    process.stderr.write(`round ${round + 1}: ${JSON.stringify({ loadMs, indexMs, ...bare })}\n`);
  }
  const { chunks, documents } = stream;
  const rate = (list: readonly number[]) => `${Math.round((1_000 * chunks) / quantile(list, 0.5))} chunks/s`;
  report.text(
    `${documents} documents, ${chunks} chunks with vectors of 384 dimensions, one owner, ${rounds} rounds in turn, medians. Both sides fill ` +
      "documents, contents, chunks with text index, and vectors, with the same columns, indexes and foreign keys, durably. The bare side is one COPY " +
      "per table in one transaction, of rows that are encoded beforehand, into a table whose tsvector is a generated column; the stream is encoded beforehand as well.",
  );
  const ratio = (own: readonly number[], beside: readonly number[]) => own.map((ms, round) => (beside[round] ?? Number.NaN) / ms);
  const percent = (list: readonly number[]) =>
    `${(100 * quantile(list, 0.5)).toFixed(0)} % (rounds ${list.map((each) => (100 * each).toFixed(0)).join(", ")})`;
  const loadRatio = ratio(times.load, times.bare);
  report.bound(
    "bulk stream, from its opening to the last Durable",
    `${rate(times.load)}, ${percent(loadRatio)} of the bare COPY (${rate(times.bare)}); CPU of the service ${((1e6 * quantile(cpu.service, 0.5)) / chunks).toFixed(0)} µs/chunk`,
    "at least 70 %",
    quantile(loadRatio, 0.5) >= 0.7,
  );
  report.figure(
    "beside it: the bare COPY of finished tsvector values, which somebody has made before",
    `${rate(times.finished)}; the stream reaches ${percent(ratio(times.load, times.finished))} of it`,
  );
  const indexRatio = ratio(times.index, times.create);
  report.figure(
    "from the last Durable until the approximate index holds all vectors",
    `${(quantile(times.index, 0.5) / 1_000).toFixed(1)} s; a bare CREATE INDEX of the same rows ${(quantile(times.create, 0.5) / 1_000).toFixed(1)} s: ` +
      `${percent(indexRatio)} of its speed`,
  );
}

async function loadByStream(server: IngestServer, stream: BulkStream) {
  const databaseUrl = await server.create("llmemory_bench_stream");
  await using service = await startCompiled({ databaseUrl, dataDirectory: "" }, {});
  const client = await connect(databaseUrl);
  try {
    await client.query("checkpoint");
    const cpuBefore = cpuSeconds(service.pid);
    const began = performance.now();
    const loadMs = await sendStream(service.grpcAddress, stream.frames);
    const serviceCpuSeconds = cpuSeconds(service.pid) - cpuBefore;
    const { rows } = await client.query<{ table_name: string }>("select table_name from embedding_models where state = 'active'");
    const embeddings = rows[0]?.table_name ?? "";
    while (!(await isIndexed(client, embeddings, stream.chunks))) await sleep(100);
    return { embeddings, loadMs, indexMs: performance.now() - began - loadMs, serviceCpuSeconds };
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
async function loadBare(server: IngestServer, embeddings: string) {
  const source = await connect(server.urlOf("llmemory_bench_stream"));
  const shared: CopiedRows[] = [];
  for (const table of loadedTables.slice(0, -1)) shared.push(await readRows(source, table));
  const chunks = await readRows(source, "document_chunks", ["search_vector"]);
  const finishedChunks = await readRows(source, "document_chunks");
  const vectors = await readRows(source, embeddings, ["indexed"]);
  await source.end();
  const generatedMs = await loadInto(server, embeddings, generateTextIndex, [...shared, chunks, vectors]);
  const finishedMs = await loadInto(server, embeddings, async () => {}, [...shared, finishedChunks, vectors]);
  return { generatedMs, finishedMs, createMs: await createIndexBare(server, embeddings) };
}

async function loadInto(
  server: IngestServer,
  embeddings: string,
  prepare: (client: Client) => Promise<void>,
  rows: readonly CopiedRows[],
): Promise<number> {
  const databaseUrl = await server.create("llmemory_bench_bare");
  const corpus = await openCorpus(databaseUrl);
  if (corpus.table.tableName !== embeddings)
    throw new Error(`the service stored in ${embeddings}, not in ${corpus.table.tableName}`);
  await corpus.close();
  const client = await connect(databaseUrl);
  try {
    await prepare(client);
    await client.query("checkpoint");
    return await copyBare(client, rows);
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
