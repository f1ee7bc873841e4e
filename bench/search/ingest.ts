import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findDemoDocuments } from "../../src/cli/demo/demo-documents.ts";
import { IngestConnection, type IngestSource } from "../../src/cli/ingest/ingest-connection.ts";
import { connectTo, type RpcClients } from "../../test/support/rpc-clients.ts";
import { startService } from "../../test/support/service.ts";
import type { CorpusServer } from "./corpus-database.ts";
import { Samples, showRatio } from "./interleave.ts";
import type { Report } from "./report.ts";

const searchedOwner = "searched";
const ingestingOwner = "ingesting";
const documentsSearched = 60;
const rounds = 3;
const searchesPerRound = 120;
/** Chunks that wait for their vectors when the ingest is held back. */
const queueKept = 200;

/** Search by the local model, idle and while another owner's documents are streamed in, on a server and on the embedded database. */
export async function measureIngest(server: CorpusServer, report: Report): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "llmemory-bench-"));
  const database = "llmemory_bench_ingest";
  try {
    for (const place of ["PostgreSQL server", "embedded database"] as const) {
      if (place === "PostgreSQL server") {
        await server.administer(`drop database if exists ${database} with (force)`, `create database ${database}`);
      }
      const databaseUrl = place === "PostgreSQL server" ? server.urlOf(database) : undefined;
      await measureOn(place, { databaseUrl, dataDirectory: join(directory, "data") }, report);
    }
  } finally {
    await server.administer(`drop database if exists ${database} with (force)`);
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureOn(
  place: string,
  database: { readonly databaseUrl: string | undefined; readonly dataDirectory: string },
  report: Report,
): Promise<void> {
  const environment = {
    LLMEMORY_EMBEDDING_PROVIDER: "local",
    LLMEMORY_RESULT_CACHE_MB: "0",
    LLMEMORY_QUERY_CACHE_MB: "0",
    LLMEMORY_LOG_LEVEL: "error",
  };
  const texts = await readDemoTexts();
  const service = await startService({ database, environment });
  const clients = connectTo(service);
  try {
    await new Stream(clients, searchedOwner, { texts: texts.slice(0, documentsSearched), isEndless: false, queueMax: Infinity })
      .ended;
    await untilQueue(clients, (queued) => queued === 0);
    // The planner's statistics are refreshed within seconds of a load.
    await sleep(8_000);
    const samples = new Samples();
    const queues: number[] = [];
    await search(clients, texts, 40);
    for (let round = 0; round < rounds; round++) {
      await searchFor(samples, "idle", round, clients, texts);
      const stream = new Stream(clients, ingestingOwner, { texts, isEndless: true, queueMax: queueKept });
      await untilQueue(clients, (queued) => queued >= queueKept / 2);
      await searchFor(samples, "ingest", round, clients, texts);
      queues.push(await queueOf(clients));
      await stream.stop();
      await untilQueue(clients, (queued) => queued === 0);
    }
    const flood = new Stream(clients, "flooding", { texts, isEndless: true, queueMax: Infinity });
    await untilQueue(clients, (queued) => queued >= queueKept);
    await searchFor(samples, "flood", 0, clients, texts);
    const flooded = await queueOf(clients);
    await flood.stop();

    const { chunkCount } = await clients.admin.getOwnerStatistics({ ownerId: searchedOwner });
    report.figure(`${place}, ${chunkCount} chunks, hybrid search over gRPC, idle`, samples.show("idle.ms"));
    const ratio = samples.ratio("ingest.ms", "idle.ms");
    report.bound(
      `${place}, while another owner's documents are streamed in as fast as they are embedded (${queues.join(", ")} chunks waiting at the end)`,
      `${samples.show("ingest.ms")}; p95 × ${showRatio(ratio)}`,
      "at most × 3",
      ratio.median <= 3,
    );
    report.figure(
      `${place}, while they are streamed in as fast as they are stored (${flooded} chunks waiting at the end)`,
      `${samples.show("flood.ms")}; p95 × ${showRatio(samples.ratio("flood.ms", "idle.ms"))}`,
    );
    for (const stage of ["embed", "facts", "candidates", "load"]) {
      const shares = ["idle", "ingest", "flood"].map((phase) => `${phase} ${samples.show(`${phase}.${stage}`)}`);
      report.figure(`… of it: ${stage}`, shares.join("; "));
    }
  } finally {
    clients.close();
    await service.stop();
  }
}

async function readDemoTexts(): Promise<string[]> {
  const { files } = await findDemoDocuments(new AbortController().signal);
  return await Promise.all(files.map((file) => readFile(file.path, "utf8")));
}

async function searchFor(
  samples: Samples,
  phase: string,
  round: number,
  clients: RpcClients,
  texts: readonly string[],
): Promise<void> {
  for (const figures of await search(clients, texts, searchesPerRound)) {
    for (const [name, value] of Object.entries(figures)) samples.add(`${phase}.${name}`, round, value);
  }
}

async function search(clients: RpcClients, texts: readonly string[], count: number): Promise<Record<string, number>[]> {
  const figures: Record<string, number>[] = [];
  for (let index = 0; index < count; index++) {
    const words = texts[(index * 7) % documentsSearched]?.split(/[^a-zA-Z]+/).filter((word) => word.length > 3) ?? [];
    const queryText = words.slice(index % 20, (index % 20) + 8).join(" ") || "how to install";
    const started = performance.now();
    const { receipt } = await clients.search.search({ ownerId: searchedOwner, queryText });
    const ms = performance.now() - started;
    const stages = receipt?.stageTimes.map(({ stage, duration }) => [stage, (duration?.nanos ?? 0) / 1e6] as const) ?? [];
    figures.push({ ms, ...Object.fromEntries(stages) });
  }
  return figures;
}

async function queueOf({ admin }: RpcClients): Promise<number> {
  return Number((await admin.getEmbeddingQueue({})).totalSize);
}

async function untilQueue(clients: RpcClients, isThere: (queued: number) => boolean): Promise<void> {
  while (!isThere(await queueOf(clients))) await sleep(250);
}

interface StreamOptions {
  readonly texts: readonly string[];
  readonly isEndless: boolean;
  /** No document is sent while so many chunks wait for their vectors. */
  readonly queueMax: number;
}

let streams = 0;

/** Documents on their way through IngestDocuments. */
class Stream {
  readonly ended: Promise<unknown>;
  readonly #stopping = new AbortController();

  constructor(clients: RpcClients, ownerId: string, { texts, isEndless, queueMax }: StreamOptions) {
    const streamId = `stream-${streams++}`;
    const source: IngestSource = {
      count: isEndless ? Number.MAX_SAFE_INTEGER : texts.length,
      documentAt: async (sequence, signal) => {
        // Some 50 chunks go between two questions.
        while (queueMax < Infinity && sequence % 8 === 0 && !signal.aborted && (await queueOf(clients)) >= queueMax) {
          await sleep(250, undefined, { signal }).catch(() => undefined);
        }
        const text = texts[(sequence - 1) % texts.length] ?? "";
        return {
          idAtOrigin: `${streamId}-${sequence}`,
          documentName: `Document ${sequence}`,
          content: `Copy ${sequence}.\n\n${text}`,
        };
      },
    };
    const events = { onDurable: () => undefined, onIndexed: () => undefined, onFailures: () => undefined };
    const connection = new IngestConnection({ ownerId, streamId, source }, events, this.#stopping.signal);
    this.ended = connection.run(clients.memory).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) throw error;
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.ended;
  }
}
