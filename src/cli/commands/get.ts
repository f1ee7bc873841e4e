import { once } from "node:events";
import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { type Chunk, ChunkSchema, DocumentSchema } from "#gen/llmemory/v1/document_pb.js";
import type { ReadDocumentResponse } from "#gen/llmemory/v1/memory_service_pb.js";
import { limits } from "../../domain/limits.ts";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import { type CommandContext, UserError } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { snippetLines } from "../format/snippet.ts";
import { printable } from "../format/style.ts";
import { renderTable } from "../format/table.ts";
import { addClientOptions, type ClientOptions } from "../options/client-options.ts";
import { wholeNumber } from "../options/option-parsers.ts";

interface GetOptions extends ClientOptions {
  readonly documentId?: boolean;
  readonly chunks?: boolean;
  readonly from?: number;
  readonly to?: number;
}

interface Run {
  readonly id: string;
  readonly options: GetOptions;
  readonly session: ServiceSession;
  readonly context: CommandContext;
}

/** Width of the text of a chunk in a table. */
const snippetWidth = 60;

const offset = wholeNumber({ min: 0, max: limits.contentCharsMax });

/** `llmemory get`: a document's text, or its chunks. */
export function registerGet(program: Command, context: CommandContext): void {
  addClientOptions(program.command("get").description("print a document's text as it was stored, or its chunks"))
    .argument("<id>", "id at origin, as list prints it")
    .option("--document-id", "the id is a document id (a UUID)")
    .option("--from <character>", "begin at this character of the text, counted from 0", offset)
    .option("--to <character>", "end before this character", offset)
    .option("--chunks", "print the chunks instead, a line each; with --json one JSON chunk per line")
    .action((id: string, options: GetOptions) =>
      runWithService(context, options, async (session) => {
        const run = { id, options, session, context };
        if (options.chunks) {
          if (options.from !== undefined || options.to !== undefined)
            throw new UserError("--from and --to are for the text, not for --chunks", exitCodes.usage);
          await printChunks(run);
        } else if (session.json) await printJson(run);
        else await printText(run);
        return exitCodes.ok;
      }),
    );
}

async function printText(run: Run): Promise<void> {
  const { stdout, signal } = run.context;
  for await (const { content } of readText(run)) {
    // A file gets the text as it is; a terminal would obey its control characters.
    if (!stdout.write(stdout.isTTY ? printable(content) : content)) await once(stdout, "drain", { signal });
  }
  if (stdout.isTTY) stdout.write("\n");
}

async function printJson(run: Run): Promise<void> {
  let facts: object | undefined;
  let charStart = 0;
  let content = "";
  for await (const piece of readText(run)) {
    if (piece.document) {
      facts = { document: toJson(DocumentSchema, piece.document) };
      charStart = piece.charStart;
    }
    content += piece.content;
  }
  run.context.stdout.write(`${JSON.stringify({ ...facts, charStart, content })}\n`);
}

function readText({ id, options, session, context }: Run): AsyncIterable<ReadDocumentResponse> {
  const range = {
    ...(options.from === undefined ? {} : { charStart: options.from }),
    ...(options.to === undefined ? {} : { charEnd: options.to }),
  };
  const request = { ownerId: session.ownerId, key: keyOf(id, options), ...range };
  // A stream takes as long as its reader; a lost connection is noticed by its pings.
  return session.service.memory.readDocument(request, { signal: context.signal });
}

async function printChunks(run: Run): Promise<void> {
  const { stdout } = run.context;
  if (run.session.json) {
    for await (const chunk of readChunks(run)) stdout.write(`${JSON.stringify(toJson(ChunkSchema, chunk))}\n`);
    return;
  }
  const rows: string[][] = [];
  for await (const chunk of readChunks(run)) {
    const [line = []] = snippetLines(chunk.content, "", { widthMax: snippetWidth, linesMax: 1 });
    const text = line.map((span) => span.text).join("");
    rows.push([String(chunk.chunkIndex), `${chunk.charStart}–${chunk.charEnd}`, String(chunk.tokenCount), text, chunk.chunkId]);
  }
  const columns = [
    { head: "chunk", align: "right" },
    { head: "characters", align: "right" },
    { head: "tokens", align: "right" },
    { head: "text" },
    { head: "chunk id" },
  ] as const;
  stdout.write(`${renderTable(stdout, columns, rows)}\n`);
}

async function* readChunks({ id, options, session }: Run): AsyncGenerator<Chunk> {
  let pageToken = "";
  do {
    const page = await session.service.memory.getChunks(
      { ownerId: session.ownerId, key: keyOf(id, options), pageSize: limits.pageSizeMax, pageToken },
      session.callOptions,
    );
    for (const { chunk } of page.chunks) if (chunk) yield chunk;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

function keyOf(id: string, options: GetOptions) {
  return options.documentId ? { case: "documentId" as const, value: id } : { case: "idAtOrigin" as const, value: id };
}
