import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import type { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import { type CommandContext, UserError } from "../command-context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { TextExtractor } from "../extract/text-extractor.ts";
import { ingestSummary, ingestSummaryJson } from "../format/ingest-summary.ts";
import { startProgress } from "../format/progress.ts";
import { count, formatMilliseconds } from "../format/quantities.ts";
import { type IngestTally, ingestFolder, newTally } from "../ingest/ingest-folder.ts";
import { type EmbeddingProgress, waitForEmbeddings } from "../ingest/wait-for-embeddings.ts";
import { type FolderListing, walkFolder } from "../ingest/walk-folder.ts";
import { addClientOptions, type ClientOptions } from "../options/client-options.ts";
import { collectKeyValue, documentTypeNames, type KeyValue, metadataFrom, parseDocumentType } from "../options/option-parsers.ts";

export interface IngestOptions extends ClientOptions {
  readonly prefix?: string;
  readonly type?: DocumentType;
  readonly language?: string;
  readonly metadata?: readonly KeyValue[];
  readonly includeNodeModules?: boolean;
  readonly again?: boolean;
  readonly bulk?: boolean;
  readonly wait?: boolean;
}

const help = `
Each file becomes one document; its id at origin is its path from the folder. Give folders that share an owner a --prefix of their
own, or files of the same path replace each other.

Run it again at any time: an interrupted run goes on where it stopped, changed files are stored anew, and what is the same is
recognised. Files that were deleted stay stored; remove them with "llmemory delete".

Taken are text, Markdown, HTML, PDF, Word (.docx), e-mail (.eml) and source code; other files, hidden ones, node_modules and
symbolic links are left out and counted.`;

/** `llmemory ingest`: a folder as a stream of documents. */
export function registerIngest(program: Command, context: CommandContext): void {
  addClientOptions(program.command("ingest").description("store the files of a folder as documents; resumable"))
    .argument("<folder>", "the folder")
    .option("--prefix <text>", "before the path in ids at origin")
    .option("--type <type>", `type of all documents (${documentTypeNames.join(", ")}; default: by extension)`, parseDocumentType)
    .option("--language <tag>", "language of all documents, BCP 47 (default: detected)")
    .option(
      "-m, --metadata <key=value>",
      "metadata of all documents; the value is JSON, else text; may be repeated",
      collectKeyValue,
    )
    .option("--include-node-modules", "do not leave out folders named node_modules")
    .option("--again", "send every file, whatever an earlier run has stored")
    .option("--bulk", "for thousands of files: commit more at a time, and build the vector index afterwards")
    .option("-w, --wait", "wait until the owner's documents are embedded")
    .addHelpText("after", help)
    .action((folder: string, options: IngestOptions) =>
      runWithService(context, options, (session) => runIngest({ folder, options, session, context })),
    );
}

interface IngestRun {
  readonly folder: string;
  readonly options: IngestOptions;
  readonly session: ServiceSession;
  readonly context: CommandContext;
}

async function runIngest(run: IngestRun): Promise<ExitCode> {
  const { options, session, context } = run;
  const root = await realpath(resolve(run.folder)).catch((error: unknown) => {
    throw new UserError(`the folder ${run.folder} does not exist or cannot be read`, exitCodes.failed, { cause: error });
  });
  const listing = await walkFolder(root, { includeNodeModules: options.includeNodeModules === true }, context.signal);
  const tally = newTally(listing.files.length);
  const startedMs = performance.now();
  let embeddings: EmbeddingProgress | undefined;
  let isComplete = false;
  try {
    if (listing.files.length > 0) await storeListing(run, { root, listing, tally });
    isComplete = true;
    if (options.wait) embeddings = await waitWithProgress(session, context);
  } finally {
    // However it ends, what has been reached is said.
    const summary = {
      root,
      ownerId: session.ownerId,
      tally,
      skipped: listing.skipped,
      seconds: (performance.now() - startedMs) / 1_000,
    };
    if (session.json) context.stdout.write(`${JSON.stringify(ingestSummaryJson({ ...summary, embeddings, isComplete }))}\n`);
    else context.stdout.write(ingestSummary({ ...summary, embeddings, isComplete }, context.stdout));
  }
  return tally.failures.size > 0 || listing.skipped.unreadable.length > 0 ? exitCodes.someFailed : exitCodes.ok;
}

async function storeListing(
  { options, session, context }: IngestRun,
  folder: { readonly root: string; readonly listing: FolderListing; readonly tally: IngestTally },
): Promise<void> {
  const { root, listing, tally } = folder;
  const bar = startProgress(context.stderr, { label: "stored  ", unit: "documents", total: tally.total });
  const documentOptions = {
    prefix: options.prefix ?? "",
    documentType: options.type,
    language: options.language ?? "",
    metadata: metadataFrom(options.metadata ?? []),
  };
  await using extractor = new TextExtractor();
  try {
    await ingestFolder(
      { memory: session.service.memory, sleep, extractor },
      {
        ownerId: session.ownerId,
        root,
        files: listing.files,
        options: documentOptions,
        again: options.again === true,
        isBulk: options.bulk === true,
      },
      tally,
      () => bar.update({ value: tally.settled, start: tally.alreadyStored, note: progressNote(tally) }),
      context.signal,
    );
  } finally {
    bar.stop();
  }
}

function progressNote(tally: IngestTally): string {
  if (tally.reconnectDelayMs !== undefined)
    return `waiting for the service, trying again in ${formatMilliseconds(tally.reconnectDelayMs)}`;
  const searchable = tally.settled > tally.searchable ? [`${tally.searchable} searchable`] : [];
  const failed = tally.failures.size > 0 ? [`${tally.failures.size} failed`] : [];
  return [...searchable, ...failed].join(", ");
}

/** Waits until the owner's chunks are embedded, with a bar on terminals. */
export async function waitWithProgress(
  { service, ownerId }: ServiceSession,
  context: CommandContext,
): Promise<EmbeddingProgress> {
  let most = 0;
  const bar = startProgress(context.stderr, { label: "embedded", unit: "chunks", total: 0 });
  try {
    return await waitForEmbeddings(
      { admin: service.admin, sleep },
      ownerId,
      ({ waiting, dead }) => {
        most = Math.max(most, waiting);
        bar.update({ value: most - waiting, total: most, note: dead > 0 ? `${count(dead, "chunk")} failed for good` : "" });
      },
      context.signal,
    );
  } finally {
    bar.stop();
  }
}

export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal });
}
