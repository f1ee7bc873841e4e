import { setTimeout as sleep } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type IngestDocumentsRequestSchema, type IngestFailure, MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import type { IngestSource } from "../../src/cli/ingest/ingest-connection.ts";
import { runIngestStream } from "../../src/cli/ingest/ingest-stream.ts";
import { startCompiled } from "../compiled-service.ts";
import { cpuSeconds, residentMb } from "../machine.ts";
import type { Report } from "../search/report.ts";
import type { IngestServer } from "./ingest-server.ts";

/** What the service may take beyond what it had at its start, in MB. */
const growthMbMax = 150;
const sampleMs = 100;
/** For what a start leaves behind to be given back. */
const settleMs = 5_000;

type Request = MessageInitShape<typeof IngestDocumentsRequestSchema>;

/** Sends all documents of a source, whichever way, and returns once all are durable. */
type Send = (memory: Client<typeof MemoryService>, source: IngestSource) => Promise<void>;

const clients: Readonly<Record<string, Send>> = {
  "a client that keeps to its window": sendWithinWindow,
  "a client that does not look at its window": sendAtOnce,
};

const sizes = [
  { name: "2 KB", bytes: 2_000 },
  { name: "10 MB", bytes: 10_000_000 },
];

/** The service's memory while a gigabyte is streamed in; BENCH_MEGABYTES for less, BENCH_DOCUMENTS (`2 KB` or `10 MB`) for one size. */
export async function measureMemory(server: IngestServer, report: Report): Promise<void> {
  const megabytes = Number(process.env.BENCH_MEGABYTES ?? 1_000);
  const chosen = process.env.BENCH_DOCUMENTS;
  for (const { name, bytes } of sizes) {
    if (chosen !== undefined && chosen !== name) continue;
    for (const [client, send] of Object.entries(clients)) {
      const count = Math.ceil((megabytes * 1e6) / bytes);
      const { startMb, peakMb, endMb, documentsPerSecond, cpuMs } = await runOnce(server, { count, bytes }, send);
      const growth = peakMb - startMb;
      report.bound(
        `${count} documents of ${name}, ${client}: resident memory of the service`,
        `${startMb.toFixed(0)} MB at the start, ${peakMb.toFixed(0)} MB at most (+${growth.toFixed(0)}), ${endMb.toFixed(0)} MB afterwards; ` +
          `${documentsPerSecond.toPrecision(3)} documents/s, ${cpuMs.toPrecision(3)} ms of the service's CPU each`,
        `at most +${growthMbMax} MB`,
        growth <= growthMbMax,
      );
    }
  }
}

async function runOnce(server: IngestServer, documents: { readonly count: number; readonly bytes: number }, send: Send) {
  const databaseUrl = await server.create("ingest_memory");
  try {
    await using service = await startCompiled({ databaseUrl, dataDirectory: "" }, {});
    const memory = createClient(MemoryService, createGrpcTransport({ baseUrl: `http://${service.grpcAddress}` }));
    await sleep(settleMs);
    const startMb = residentMb(service.pid);
    let peakMb = startMb;
    const timer = setInterval(() => {
      peakMb = Math.max(peakMb, residentMb(service.pid));
    }, sampleMs);
    const startedMs = performance.now();
    const cpuBefore = cpuSeconds(service.pid);
    try {
      await send(memory, makeDocuments(documents));
    } finally {
      clearInterval(timer);
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    const cpuMs = ((cpuSeconds(service.pid) - cpuBefore) * 1_000) / documents.count;
    await sleep(settleMs);
    return { startMb, peakMb, endMb: residentMb(service.pid), documentsPerSecond: documents.count / seconds, cpuMs };
  } finally {
    await server.drop("ingest_memory");
  }
}

/** Documents of words, no two alike. */
function makeDocuments({ count, bytes }: { readonly count: number; readonly bytes: number }): IngestSource {
  const words = Array.from(
    { length: 5_000 },
    (_, index) => `${syllables[index % 20]}${syllables[(index * 7) % 19]}${index % 83}`,
  );
  const sentences = Array.from({ length: 20_000 }, (_, index) => {
    const length = 6 + (index % 9);
    const chosen = Array.from({ length }, (_, word) => words[(index * 31 + word * word * 17) % words.length]);
    return `${chosen.join(" ")}.`;
  });
  const text = sentences.join(" ");
  const contentOf = (sequence: number) => {
    const start = (sequence * 7_919) % text.length;
    const rotated = `${text.slice(start)} ${text.slice(0, start)}`;
    return `Document ${sequence}. ${bytes < text.length ? rotated : rotated.repeat(Math.ceil(bytes / text.length))}`.slice(
      0,
      bytes,
    );
  };
  return { count, documentAt: async (sequence) => ({ idAtOrigin: String(sequence), content: contentOf(sequence) }) };
}

const syllables = "ba de fi go hu ka le mi no pu ra se ti vo wu ya ze cho sha the".split(" ");

/** A bulk load, since otherwise the database builds an index over millions of vectors meanwhile: an hour, and no memory of the service. */
const streamKey = { ownerId: "bench", streamId: "memory" };

async function sendWithinWindow(memory: Client<typeof MemoryService>, source: IngestSource): Promise<void> {
  const failures: IngestFailure[] = [];
  const events = {
    onDurable: () => undefined,
    onIndexed: () => undefined,
    onFailures: (more: readonly IngestFailure[]) => failures.push(...more),
    onReconnect: () => undefined,
  };
  const stream = { ...streamKey, isBulk: true, source };
  await runIngestStream({ memory, sleep: (delayMs) => sleep(delayMs) }, stream, events, new AbortController().signal);
  requireNone(failures);
}

async function sendAtOnce(memory: Client<typeof MemoryService>, source: IngestSource): Promise<void> {
  const { signal } = new AbortController();
  const requests = async function* (): AsyncGenerator<Request> {
    yield { message: { case: "open", value: { ...streamKey, bulk: true } } };
    for (let sequence = 1; sequence <= source.count; sequence++) {
      const document = await source.documentAt(sequence, signal);
      yield { message: { case: "item", value: { sequence: BigInt(sequence), document } } };
    }
  };
  let durable = 0n;
  for await (const { message } of memory.ingestDocuments(requests())) {
    if (message.case !== "durable") continue;
    durable = message.value.upToSequence;
    requireNone(message.value.failures);
  }
  if (durable !== BigInt(source.count)) throw new Error(`only ${durable} of ${source.count} documents are durable`);
}

function requireNone([first]: readonly IngestFailure[]): void {
  if (first) throw new Error(`document ${first.idAtOrigin} was refused: ${first.error?.message}`);
}
