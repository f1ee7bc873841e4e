import { resolve } from "node:path";
import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { type SearchResponse, SearchResponseSchema } from "#gen/llmemory/v1/search_service_pb.js";
import { connectionTlsOf } from "../client/connection-tls.ts";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import { connectToService } from "../client/service-connection.ts";
import type { CommandContext } from "../command-context.ts";
import { type DemoDocuments, findDemoDocuments } from "../demo/demo-documents.ts";
import { type OwnService, startOwnService } from "../demo/own-service.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { TextExtractor } from "../extract/text-extractor.ts";
import { startProgress } from "../format/progress.ts";
import { count, formatBytes } from "../format/quantities.ts";
import { renderSearchResponse } from "../format/search-results.ts";
import { styleFor } from "../format/style.ts";
import { ingestFolder, newTally } from "../ingest/ingest-folder.ts";
import { addConnectionOptions, addressOf, type ClientOptions } from "../options/client-options.ts";
import { reportError } from "../report-error.ts";
import { sleep, waitWithProgress } from "./ingest.ts";

const demoOwner = "demo";
const hitsShown = 3;

/** The documentation of packages that the demo finds has answers; few words of the questions are words of the answers. */
const questions = [
  "How do I call a gRPC service from Node.js?",
  "How can I trace requests across services?",
  "What runs a neural network model in JavaScript?",
  "Which library prevents concurrent access to a file?",
  "try an operation again after it failed, waiting longer each time",
] as const;

/** `llmemory demo`: real documents, five questions. */
export function registerDemo(program: Command, context: CommandContext): void {
  addConnectionOptions(
    program.command("demo").description("store documentation found in node_modules for owner demo, and ask it five questions"),
  )
    .addHelpText(
      "after",
      "\nUses the service at --address; if none answers there, it runs one of its own with its data in ./data/demo.",
    )
    .action(async (options: ClientOptions) => {
      try {
        await using own = await serviceUnlessRunning(options, context);
        const address = own.service?.address ?? addressOf(options, context.environment);
        await runWithService(context, { ...options, address, owner: demoOwner }, (session) =>
          runDemo(session, { context, isOwnService: own.service !== undefined }),
        );
      } catch (error) {
        reportError(error, context, { json: options.json === true });
      }
    });
}

interface MaybeOwnService extends AsyncDisposable {
  readonly service: OwnService | undefined;
}

/** Starts a service if none answers; an address that was asked for is not replaced by another service. */
async function serviceUnlessRunning(options: ClientOptions, context: CommandContext): Promise<MaybeOwnService> {
  const nothing = { service: undefined, [Symbol.asyncDispose]: async () => {} };
  if (options.address !== undefined || (await isAnswering(options, context))) return nothing;
  const dataDirectory = resolve("data", "demo");
  note(context, `No service runs; starting one with its data in ${dataDirectory} …`);
  const service = await startOwnService(dataDirectory, context.environment, context.signal);
  return { service, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

async function isAnswering(options: ClientOptions, { environment, signal }: CommandContext): Promise<boolean> {
  const service = connectToService(addressOf(options, environment), await connectionTlsOf(options, environment));
  try {
    await service.health.check({ service: "" }, { signal, timeoutMs: 1_000 });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    service.close();
  }
}

async function runDemo(
  session: ServiceSession,
  demo: { readonly context: CommandContext; readonly isOwnService: boolean },
): Promise<ExitCode> {
  const { context } = demo;
  const documents = await findDemoDocuments(context.signal);
  const bytes = documents.files.reduce((sum, file) => sum + Number(file.sizeBytes), 0);
  note(
    context,
    `${count(documents.files.length, "README and documentation file")} (${formatBytes(bytes)}) of the ${documents.found} under ${documents.root}; ` +
      `left out: ${documents.duplicates} duplicates, ${documents.leftOut} that are long or beyond what the demo takes.`,
  );
  const failed = await store(session, documents, context);
  await waitWithProgress(session, context);
  const answers: { question: string; response: SearchResponse }[] = [];
  for (const question of questions) {
    const response = await session.service.search.search({ ownerId: demoOwner, queryText: question }, session.callOptions);
    answers.push({ question, response });
    if (!session.json) printAnswer(question, response, context);
  }
  if (session.json) {
    const asJson = answers.map(({ question, response }) => ({ question, response: toJson(SearchResponseSchema, response) }));
    context.stdout.write(`${JSON.stringify({ documents: documents.files.length, failed, answers: asJson })}\n`);
  } else {
    context.stdout.write(whatNext(demo.isOwnService, session.service.address));
  }
  return failed > 0 ? exitCodes.someFailed : exitCodes.ok;
}

async function store(session: ServiceSession, documents: DemoDocuments, context: CommandContext): Promise<number> {
  const tally = newTally(documents.files.length);
  const bar = startProgress(context.stderr, { label: "stored  ", unit: "documents", total: tally.total });
  await using extractor = new TextExtractor();
  try {
    await ingestFolder(
      { memory: session.service.memory, sleep, extractor },
      {
        ownerId: demoOwner,
        root: documents.root,
        files: documents.files,
        options: { prefix: "", documentType: undefined, language: "", metadata: {} },
        again: false,
      },
      tally,
      () => bar.update({ value: tally.settled, start: tally.alreadyStored }),
      context.signal,
    );
  } finally {
    bar.stop();
  }
  for (const { idAtOrigin, problem } of tally.failures.values()) note(context, `failed  ${idAtOrigin}: ${problem}`);
  return tally.failures.size;
}

function printAnswer(question: string, response: SearchResponse, context: CommandContext): void {
  const style = styleFor(context.stdout);
  const view = { query: question, ownerId: demoOwner, stream: context.stdout, hitsMax: hitsShown };
  context.stdout.write(`\n${style(["bold", "cyan"], question)}\n\n${renderSearchResponse(response, view)}`);
}

function whatNext(isOwnService: boolean, address: string): string {
  const search = 'npm run llmemory -- search --owner demo "width of a string on the screen"';
  const start = "LLMEMORY_DATA_DIR=./data/demo npm start        # keep the demo's service running";
  const lines = isOwnService ? [start, search] : [`${search} --address ${address}`];
  return `\nWhat to try next:\n${[
    ...lines,
    "npm run llmemory -- ingest ./docs --wait         # your own documents",
    "npm run llmemory -- --help",
  ]
    .map((line) => `  ${line}`)
    .join("\n")}\n`;
}

function note(context: CommandContext, text: string): void {
  context.stderr.write(`${text}\n`);
}
