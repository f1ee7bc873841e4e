import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { Command, Option } from "commander";
import { SearchRequestSchema } from "#gen/llmemory/v1/search_service_pb.js";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { connectionTlsOf } from "../../src/cli/client/connection-tls.ts";
import { connectToService } from "../../src/cli/client/service-connection.ts";
import { UserError } from "../../src/cli/command-context.ts";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { addConnectionOptions, addressOf, type ClientOptions } from "../../src/cli/options/client-options.ts";
import { collectKeyValue, type KeyValue, metadataFrom, parseFraction } from "../../src/cli/options/option-parsers.ts";
import { reportError } from "../../src/cli/report-error.ts";
import { processContext } from "../../src/cli/run-process.ts";
import { messageOf } from "../../src/domain/message-of.ts";
import { type Service, startService } from "../../test/support/service.ts";
import { describeMachine } from "../machine.ts";
import { loadCranfield } from "./cranfield.ts";
import { evaluate, type SearchVariant } from "./evaluate.ts";
import type { JudgedCollection } from "./judged-collection.ts";
import { loadLocomo } from "./locomo.ts";
import { renderReport, reportJson, reportMarkdown } from "./report.ts";

/** Measures how well a service finds what people have judged to be relevant: `npm run eval -- --help`. */
const loaders = { locomo: loadLocomo, cranfield: loadCranfield } as const;
const searchTypes = { hybrid: "SEARCH_TYPE_HYBRID", vector: "SEARCH_TYPE_VECTOR", text: "SEARCH_TYPE_TEXT" } as const;
const fusions = { "relative-score": "FUSION_RELATIVE_SCORE", rrf: "FUSION_RRF" } as const;

/** Not passed on to a service that is started: where it stores and listens is for the evaluation to say. */
const addressVariables = ["LLMEMORY_DATABASE_URL", "LLMEMORY_DATA_DIR", "LLMEMORY_GRPC_ADDRESS", "LLMEMORY_HTTP_ADDRESS"];

interface EvalOptions extends ClientOptions {
  readonly data?: string;
  readonly start?: boolean;
  readonly store?: string;
  readonly searchType?: keyof typeof searchTypes;
  readonly alpha?: number;
  readonly fusion?: keyof typeof fusions;
  readonly set?: readonly KeyValue[];
  readonly record: boolean;
}

const help = `
DIR holds what the data sets' authors publish: cranfield/cran.all.1400, cran.qry and cranqrel; locomo-dev/*.json, one conversation of
LoCoMo each. Without --start the documents go to a service that runs already, for owners named eval-…, and stay there.`;

const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());
process.once("SIGTERM", () => interrupt.abort());
const context = processContext(interrupt.signal);

await createProgram().parseAsync();
process.exitCode = context.exitCode;

function createProgram(): Command {
  const program = new Command("npm run eval --").description("measure the quality of retrieval on judged data");
  return addConnectionOptions(program)
    .argument("<dataset>", Object.keys(loaders).join(" or "))
    .option("--data <dir>", "where the judged data is (default: LLMEMORY_EVAL_DATA)")
    .option("--start", "start a service for this, on the embedded database; LLMEMORY_… variables are its settings")
    .option("--store <dir>", "with --start: keep its data there (default: a temporary directory)")
    .addOption(new Option("--search-type <type>", "one alone (default: each in turn)").choices(Object.keys(searchTypes)))
    .option("--alpha <weight>", "hybrid: weight of meaning against words, 0 to 1 (default: the service's)", parseFraction)
    .addOption(new Option("--fusion <fusion>", "hybrid: how both sides become one order").choices(Object.keys(fusions)))
    .option("--set <name=value>", "any other field of SearchRequest, as in its JSON; may be repeated", collectKeyValue)
    .option("--no-record", "do not write bench/results/eval-DATASET.md")
    .addHelpText("after", help)
    .action(async (dataset: string, options: EvalOptions) => {
      try {
        await runEvaluation(dataset, options);
      } catch (error) {
        reportError(error, context, { json: options.json === true, address: addressOf(options, process.env) });
      }
    });
}

async function runEvaluation(dataset: string, options: EvalOptions): Promise<void> {
  const collections = await loadCollections(dataset, options.data || process.env.LLMEMORY_EVAL_DATA);
  const variants = searchVariants(options);
  const machine = describeMachine();
  await using own = options.start ? await startOwnService(options.store) : undefined;
  const service = own
    ? connectToService(own.grpcAddress)
    : connectToService(addressOf(options, process.env), await connectionTlsOf(options, process.env));
  try {
    const onProgress = (step: string) => process.stderr.write(`${step}\n`);
    const evaluation = await evaluate(service, { collections, variants }, onProgress, context.signal);
    const conditions = [
      machine,
      `- service: ${own ? "started for this on the embedded database" : "one that ran already"}`,
      `- asked for: ${describeRequest(options)}`,
    ].join("\n");
    const report = { dataset, conditions, evaluation };
    if (options.record) await writeFile(join(repositoryDirectory, `bench/results/eval-${dataset}.md`), reportMarkdown(report));
    process.stdout.write(options.json ? `${JSON.stringify(reportJson(report))}\n` : renderReport(report, process.stdout));
  } finally {
    service.close();
  }
}

async function loadCollections(dataset: string, dataDirectory: string | undefined): Promise<JudgedCollection[]> {
  if (!Object.hasOwn(loaders, dataset))
    throw new UserError(`the data set is "${dataset}"; it must be ${Object.keys(loaders).join(" or ")}`, exitCodes.usage);
  if (!dataDirectory) throw new UserError("say where the judged data is, by --data DIR or LLMEMORY_EVAL_DATA", exitCodes.usage);
  try {
    const collections = await loaders[dataset as keyof typeof loaders](dataDirectory);
    if (collections.length === 0) throw new Error("it holds no collection");
    return collections;
  } catch (error) {
    const problem = messageOf(error);
    throw new UserError(`${dataset} cannot be read from ${dataDirectory}: ${problem}`, exitCodes.usage, { cause: error });
  }
}

function searchVariants({ searchType, alpha, fusion, set }: EvalOptions): SearchVariant[] {
  const names = searchType ? [searchType] : (Object.keys(searchTypes) as (keyof typeof searchTypes)[]);
  const hybrid: JsonObject = { ...(alpha === undefined ? {} : { alpha }), ...(fusion ? { fusion: fusions[fusion] } : {}) };
  return names.map((name) => {
    const fields = { searchType: searchTypes[name], ...(name === "hybrid" ? hybrid : {}), ...metadataFrom(set ?? []) };
    try {
      return { name, template: fromJson(SearchRequestSchema, fields) };
    } catch (error) {
      throw new UserError(`--set: ${messageOf(error)}`, exitCodes.usage, { cause: error });
    }
  });
}

function describeRequest({ alpha, fusion, set }: EvalOptions): string {
  const others = (set ?? []).map(({ key, value }) => `, ${key} ${JSON.stringify(value)}`).join("");
  return `fusion ${fusion ?? "by default"}, alpha ${alpha ?? "by default"}${others}`;
}

/** In a temporary directory that is removed at the end, or in one that stays. */
async function startOwnService(store: string | undefined): Promise<Service> {
  const settings = Object.entries(process.env).flatMap(([name, value]): [string, string][] =>
    name.startsWith("LLMEMORY_") && !addressVariables.includes(name) && value !== undefined ? [[name, value]] : [],
  );
  return await startService({
    ...(store === undefined ? {} : { database: { databaseUrl: undefined, dataDirectory: store } }),
    environment: { LLMEMORY_EMBEDDING_PROVIDER: "local", LLMEMORY_LOG_LEVEL: "error", ...Object.fromEntries(settings) },
  });
}
