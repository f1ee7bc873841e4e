import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import { efSearchOf } from "../../src/domain/index-profile.ts";
import { limits } from "../../src/domain/limits.ts";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import type { SearchQuery, SearchType } from "../../src/search/search-query.ts";
import { startService } from "../../test/support/service.ts";
import { BareStatements } from "./bare-statements.ts";
import { type CorpusServer, dimension, openCorpus } from "./corpus-database.ts";
import { type Contender, interleave, type Rounds, type Samples, showRatio } from "./interleave.ts";
import { makeModelVectors } from "./model-vectors.ts";
import { filters, writeCommonQueries, writeMiddlingQueries, writeQueries } from "./queries.ts";
import type { Report } from "./report.ts";
import { newQuery, searchTypes, TimedSearch } from "./timed-search.ts";

const rounds: Rounds = { rounds: 5, perRound: 120, warmUp: 30 };
const queries = writeQueries(rounds.rounds * rounds.perRound, 11);
const common = writeCommonQueries(queries.length);
const middling = writeMiddlingQueries(queries.length);
const vectors = queries.map((text) => embedHashedWords(text, dimension));

type Ask = (query: Pick<SearchQuery, "ownerId" | "queryText"> & { readonly searchType: SearchType }) => Promise<number>;

/** Compares searches with what a careful user would write by hand, and with one another. */
export async function measureLatency(server: CorpusServer, report: Report): Promise<void> {
  await measureLarge(server, report);
  const databaseUrl = server.urlOf(await server.base());
  const corpus = await openCorpus(databaseUrl);
  const bare = await BareStatements.open(databaseUrl, corpus.table);
  // No cached answers: every query is searched for.
  const environment = { LLMEMORY_RESULT_CACHE_MB: "0", LLMEMORY_QUERY_CACHE_MB: "0", LLMEMORY_LOG_LEVEL: "error" };
  const service = await startService({ database: { databaseUrl, dataDirectory: "" }, environment });
  try {
    const client = createClient(SearchService, createGrpcTransport({ baseUrl: `http://${service.grpcAddress}` }));
    const ask: Ask = async ({ ownerId, queryText, searchType }) => {
      const started = performance.now();
      await client.search({ ownerId, queryText, searchType: searchTypes[searchType] });
      return performance.now() - started;
    };
    const setting = { search: new TimedSearch(corpus), ask, bare };
    await measureWords(setting, report);
    await measureSmall(setting, report);
  } finally {
    await service.stop();
    await bare.close();
    await corpus.close();
  }
  await measureCrowd(server, report);
}

interface Setting {
  readonly search: TimedSearch;
  readonly ask: Ask;
  readonly bare: BareStatements;
}

/** With vectors of the local model, since how far the approximate index has to look depends on how vectors lie. */
async function measureLarge(server: CorpusServer, report: Report): Promise<void> {
  const ownerId = "p60";
  const { provider, embedPassages } = await makeModelVectors();
  const databaseUrl = server.urlOf(await server.withVectors("sentences", embedPassages));
  const corpus = await openCorpus(databaseUrl);
  const bare = await BareStatements.open(databaseUrl, corpus.table);
  const search = new TimedSearch(corpus, provider);
  const asked = await provider.embed(queries, "query", new AbortController().signal);
  const profile = efSearchOf("balanced");
  const efSearch = profile * limits.efSearchFactor;
  const samples = await interleave(
    [
      vectorContender("profile", (vector) => bare.approximate(ownerId, vector, profile), asked),
      vectorContender("bare", (vector) => bare.approximate(ownerId, vector, efSearch), asked),
      ...(["hybrid", "vector", "text"] as const).map((searchType) => inProcess(searchType, search, { ownerId, searchType })),
      ...(["50", "5", "0.5"] as const).map((share) => inProcess(`filter${share}`, search, { ownerId, filter: filters[share] })),
    ],
    rounds,
  );
  const recallAt = async (ef: number) => (await bare.recall(ownerId, asked.slice(0, 200), ef)).toFixed(4);
  const bareName = `60,000 chunks: the bare vector statement, ef_search ${efSearch} as the service sets it`;
  report.figure(bareName, `${samples.show("bare.ms")}; recall@10 ${await recallAt(efSearch)}`);
  boundRatio(report, samples, "60,000 chunks: hybrid search in process", "hybrid.wholeMs", "bare.ms", 3);
  report.figure("… of it in the database", samples.show("hybrid.databaseMs"));
  report.figure("… medians by statement", samples.showParts("hybrid", "statement "));
  const profileName = `60,000 chunks: the bare vector statement, ef_search ${profile}`;
  report.figure(profileName, `${samples.show("profile.ms")}; recall@10 ${await recallAt(profile)}`);
  report.figure("… hybrid search in process beside it", `p95 × ${showRatio(samples.ratio("hybrid.wholeMs", "profile.ms"))}`);
  report.figure("60,000 chunks: vector search in process", samples.show("vector.wholeMs"));
  report.figure("60,000 chunks: text search in process", samples.show("text.wholeMs"));
  for (const share of ["50", "5", "0.5"] as const) {
    report.figure(`60,000 chunks: hybrid search in process, filter ${share} %`, samples.show(`filter${share}.wholeMs`));
  }
  const plan = await bare.explain(ownerId, asked[0] ?? new Float32Array(dimension), "approximate");
  report.text(`The bare vector statement:\n\n\`\`\`\n${withoutVectors(plan)}\n\`\`\``);
  await bare.close();
  await corpus.close();
}

/** Plans show the 384 numbers of a vector. */
function withoutVectors(plan: string): string {
  return plan.replaceAll(/'\[[^\]]*\]'/g, "'[…]'");
}

async function measureWords({ search, ask }: Setting, report: Report): Promise<void> {
  const ownerId = "p60";
  const contenders = (["hybrid", "text"] as const).flatMap((searchType) => [
    inProcess(`common ${searchType}`, search, { ownerId, searchType }, common),
    inProcess(`middling ${searchType}`, search, { ownerId, searchType }, middling),
    overGrpc(`common grpc ${searchType}`, ask, ownerId, searchType, common),
    overGrpc(`middling grpc ${searchType}`, ask, ownerId, searchType, middling),
  ]);
  const samples = await interleave(contenders, { ...rounds, rounds: 3 });
  for (const searchType of ["hybrid", "text"] as const) {
    report.figure(
      `60,000 chunks: three middling words, ${searchType}, in process`,
      samples.show(`middling ${searchType}.wholeMs`),
    );
    boundRatio(
      report,
      samples,
      `60,000 chunks: three common words, ${searchType}, in process`,
      `common ${searchType}.wholeMs`,
      `middling ${searchType}.wholeMs`,
      3,
    );
    boundRatio(
      report,
      samples,
      `60,000 chunks: three common words, ${searchType}, over gRPC`,
      `common grpc ${searchType}.ms`,
      `middling grpc ${searchType}.ms`,
      3,
    );
  }
}

async function measureSmall({ search, ask, bare }: Setting, report: Report): Promise<void> {
  const ownerId = "p02";
  const types = ["vector", "text", "hybrid"] as const;
  const samples = await interleave(
    [
      vectorContender("bare", (vector) => bare.exact(ownerId, vector)),
      vectorContender("bare vector", (vector) => bare.exactWithTexts(ownerId, vector)),
      { name: "bare text", run: async (index) => ({ ms: await bare.wordsWithTexts(ownerId, at(queries, index)) }) },
      {
        name: "bare hybrid",
        run: async (index) => ({ ms: await bare.hybridWithTexts(ownerId, at(vectors, index), at(queries, index)) }),
      },
      ...types.map((searchType) => inProcess(searchType, search, { ownerId, searchType })),
      ...types.map((searchType) => overGrpc(`grpc ${searchType}`, ask, ownerId, searchType)),
    ],
    rounds,
  );
  report.figure("200 chunks: the bare exact statement", samples.show("bare.ms"));
  for (const type of types) {
    const what = `200 chunks: a ${type} search as one statement by hand, every row compared, with texts and document names`;
    report.figure(what, samples.show(`bare ${type}.ms`));
  }
  for (const type of types) {
    boundRatio(report, samples, `200 chunks: ${type}, in the database`, `${type}.databaseMs`, "bare.ms", 2);
    report.figure("… medians by statement", samples.showParts(type, "statement "));
    boundRatio(report, samples, `200 chunks: ${type}, in process`, `${type}.wholeMs`, "bare.ms", 2);
    for (const [place, figure] of [
      ["in the database", "databaseMs"],
      ["in process", "wholeMs"],
    ] as const) {
      boundRatio(report, samples, `… beside the ${type} statement by hand, ${place}`, `${type}.${figure}`, `bare ${type}.ms`, 2);
    }
    boundRatio(report, samples, `200 chunks: ${type}, over gRPC, from the client`, `grpc ${type}.ms`, "bare.ms", 2);
  }
  const plan = await bare.explain(ownerId, vectors[0] ?? new Float32Array(dimension), "exact");
  report.text(`The bare exact statement:\n\n\`\`\`\n${withoutVectors(plan)}\n\`\`\``);
}

/** The same owner in two databases, in turn. */
async function measureCrowd(server: CorpusServer, report: Report): Promise<void> {
  const places = [];
  for (const [name, database] of [
    ["few", await server.base()],
    ["crowd", await server.crowded()],
  ] as const) {
    const url = server.urlOf(database);
    const corpus = await openCorpus(url);
    places.push({ name, corpus, bare: await BareStatements.open(url, corpus.table), search: new TimedSearch(corpus) });
  }
  const types = ["vector", "text", "hybrid"] as const;
  const contenders = places.flatMap(({ name, bare, search }) => [
    ...types.map((searchType) => inProcess(`${name} ${searchType}`, search, { ownerId: "p02", searchType })),
    { name: `${name} one`, run: async () => ({ ms: await bare.selectOne() }) },
  ]);
  const samples = await interleave(contenders, rounds);
  for (const { corpus, bare } of places) {
    await bare.close();
    await corpus.close();
  }
  report.figure("`select 1` in the database with 20 small owners", samples.show("few one.ms"));
  report.figure("`select 1` in the database with 10,000 more", samples.show("crowd one.ms"));
  for (const type of types) {
    report.figure(`200 chunks beside 20 small owners: ${type}, in process`, samples.show(`few ${type}.wholeMs`));
    const what = `200 chunks beside 10,000 more owners of 20 chunks: ${type}, in process`;
    boundRatio(report, samples, what, `crowd ${type}.wholeMs`, `few ${type}.wholeMs`, 1.2);
    boundRatio(report, samples, "… of it in the database", `crowd ${type}.databaseMs`, `few ${type}.databaseMs`, 1.2);
  }
}

function inProcess(
  name: string,
  search: TimedSearch,
  asked: Pick<SearchQuery, "ownerId"> & Partial<SearchQuery>,
  texts: readonly string[] = queries,
): Contender<string> {
  return {
    name,
    run: async (index) => ({ ...(await search.time(newQuery({ ...asked, queryText: at(texts, index) }))) }),
  };
}

function overGrpc(
  name: string,
  ask: Ask,
  ownerId: string,
  searchType: SearchType,
  texts: readonly string[] = queries,
): Contender<string> {
  return { name, run: async (index) => ({ ms: await ask({ ownerId, searchType, queryText: at(texts, index) }) }) };
}

function vectorContender(
  name: string,
  run: (vector: Float32Array) => Promise<number>,
  asked: readonly Float32Array[] = vectors,
): Contender<string> {
  return { name, run: async (index) => ({ ms: await run(at(asked, index)) }) };
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index % values.length];
  if (value === undefined) throw new Error("there is nothing to choose from");
  return value;
}

function boundRatio(report: Report, samples: Samples, what: string, key: string, beside: string, max: number): void {
  const ratio = samples.ratio(key, beside);
  const medians = samples.medianRatio(key, beside).toFixed(2);
  report.bound(
    what,
    `${samples.show(key)}; p95 × ${showRatio(ratio)}, p50 × ${medians}`,
    `at most × ${max}`,
    ratio.median <= max,
  );
}
