import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import { loadSettings } from "../../src/config/load-settings.ts";
import type { Metrics } from "../../src/observability/metrics.ts";
import type { SearchType } from "../../src/search/search-query.ts";
import { startService } from "../../src/server/start-service.ts";
import { quantile } from "../machine.ts";
import { type CorpusServer, openCorpus } from "./corpus-database.ts";
import { type Contender, interleave, milliseconds, type Rounds, type Samples } from "./interleave.ts";
import { writeQueries } from "./queries.ts";
import type { Report } from "./report.ts";
import { newQuery, searchTypes, TimedSearch, TimeKeeper } from "./timed-search.ts";

const rounds: Rounds = { rounds: 3, perRound: 100, warmUp: 60 };
const queries = writeQueries(rounds.rounds * rounds.perRound, 13);
const ownersAsked = [
  ["p02", "200 chunks"],
  ["p09", "900 chunks"],
  ["p2", "2,000 chunks"],
  ["p60", "60,000 chunks"],
] as const;
const boundMs = 1.5;

/** Measures what a search takes outside of the database and the embedder: of this process's own time, and of the service's. */
export async function measureOutside(server: CorpusServer, report: Report): Promise<void> {
  const databaseUrl = server.urlOf(await server.base());
  const corpus = await openCorpus(databaseUrl);
  const search = new TimedSearch(corpus);
  const shown = (["hybrid", "vector", "text"] as const).flatMap((searchType) =>
    ownersAsked.map(([ownerId, size]) => ({ ownerId, size, searchType, name: `${searchType} ${ownerId}` })),
  );
  const inProcess = shown.map(({ ownerId, searchType, name }) => ({
    name,
    run: async (index: number) => ({
      ...(await search.time(newQuery({ ownerId, searchType, queryText: queries[index % queries.length] ?? "" }))),
    }),
  }));
  show(report, shown, await interleave(inProcess, rounds), "in process");
  await corpus.close();
  report.text(
    "`outside` is the time of the search less that of its statements on the wire and of the embedder; waiting for a connection counts. `processor` is what the process used in all, the driver and its other threads included.",
  );

  const service = await openService(databaseUrl);
  try {
    show(report, shown, await interleave(shown.map(service.contender), rounds), "in the service");
  } finally {
    await service.stop();
  }
  report.text("Over gRPC, client and service in one process; `outside` is the service's time of the RPC less the same.");
}

interface Shown {
  readonly ownerId: string;
  readonly size: string;
  readonly searchType: SearchType;
  readonly name: string;
}

function show(report: Report, shown: readonly Shown[], samples: Samples, where: string): void {
  for (const { size, searchType, name } of shown) {
    const outside = samples.all(`${name}.outsideMs`);
    const median = quantile(outside, 0.5);
    const cpu = quantile(samples.all(`${name}.cpuMs`), 0.5);
    report.bound(
      `${size}, ${searchType}, ${where}`,
      `outside p50 ${milliseconds(median)}, p95 ${milliseconds(quantile(outside, 0.95))}; whole p50 ${milliseconds(quantile(samples.all(`${name}.wholeMs`), 0.5))}; processor p50 ${milliseconds(cpu)}`,
      `p50 at most ${boundMs} ms`,
      median <= boundMs,
    );
  }
}

async function openService(
  databaseUrl: string,
): Promise<{ contender: (shown: Shown) => Contender<string>; stop: () => Promise<void> }> {
  const settings = loadSettings({
    LLMEMORY_DATABASE_URL: databaseUrl,
    LLMEMORY_EMBEDDING_PROVIDER: "hashing",
    LLMEMORY_RESULT_CACHE_MB: "0",
    LLMEMORY_QUERY_CACHE_MB: "0",
    LLMEMORY_LOG_LEVEL: "error",
    LLMEMORY_GRPC_ADDRESS: "127.0.0.1:0",
    LLMEMORY_HTTP_ADDRESS: "127.0.0.1:0",
  });
  const service = await startService(settings);
  const { metrics } = service.resources;
  const keeper = new TimeKeeper();
  keeper.watchStatements(metrics);
  const handling = watchHandling(metrics);
  const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${service.grpcAddress.port}` });
  const client = createClient(SearchService, transport);
  const contender = ({ ownerId, searchType, name }: Shown): Contender<string> => ({
    name,
    run: async (index) => {
      keeper.begin();
      const cpu = process.cpuUsage();
      const started = performance.now();
      const queryText = queries[index % queries.length] ?? "";
      const { receipt } = await client.search({ ownerId, queryText, searchType: searchTypes[searchType] });
      const wholeMs = performance.now() - started;
      const { user, system } = process.cpuUsage(cpu);
      const embed = receipt?.stageTimes.find(({ stage }) => stage === "embed")?.duration;
      // Embedding goes on beside the first statement; the hashing embedder takes next to nothing.
      const embedMs = Math.min(0.2, (embed?.nanos ?? 0) / 1e6);
      return { wholeMs, outsideMs: handling.lastMs() - keeper.waitedMs - embedMs, cpuMs: (user + system) / 1_000 };
    },
  });
  return { contender, stop: () => service.stop() };
}

/** The service observes the time of each RPC when it has ended. */
function watchHandling({ grpcHandlingSeconds: histogram }: Metrics): { readonly lastMs: () => number } {
  const observe = histogram.observe.bind(histogram) as (labels: object, seconds: number) => void;
  let last = Number.NaN;
  const watched = (labels: object, seconds: number) => {
    last = seconds * 1_000;
    observe(labels, seconds);
  };
  Object.assign(histogram, { observe: watched });
  return { lastMs: () => last };
}
