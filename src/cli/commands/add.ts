import { basename, resolve } from "node:path";
import { toJson } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import type { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { type AddDocumentResponse, AddDocumentResponseSchema, Outcome, WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { limits } from "../../domain/limits.ts";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import { describeServiceError, type ServiceErrorDescription } from "../client/service-error.ts";
import { type CommandContext, type InputStream, UserError } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { ExtractionError } from "../extract/extraction-error.ts";
import { fileKind, plainTextKind } from "../extract/file-kinds.ts";
import { TextExtractor } from "../extract/text-extractor.ts";
import { count } from "../format/quantities.ts";
import { printable, styleFor } from "../format/style.ts";
import { addClientOptions, type ClientOptions } from "../options/client-options.ts";
import {
  collectKeyValue,
  documentTypeNames,
  type KeyValue,
  metadataFrom,
  parseDate,
  parseDocumentType,
} from "../options/option-parsers.ts";
import { errorDetails } from "../report-error.ts";

interface AddOptions extends ClientOptions {
  readonly id?: string;
  readonly name?: string;
  readonly type?: DocumentType;
  readonly metadata?: readonly KeyValue[];
  readonly date?: Timestamp;
  readonly language?: string;
  readonly wait?: boolean;
}

/** `llmemory add`: files, or text from stdin, each as one document. */
export function registerAdd(program: Command, context: CommandContext): void {
  addClientOptions(
    program.command("add").description("store files as documents; - is text from stdin; with --json one document per line"),
  )
    .argument("<file...>", "files; - is stdin")
    .option("--id <id>", "id at origin, only for one file (default: the file's absolute path; stdin: made by the service)")
    .option("--name <name>", "name of the document, only for one file (default: the file's name)")
    .option("--type <type>", `type (${documentTypeNames.join(", ")}; default: by extension; stdin: text)`, parseDocumentType)
    .option("-m, --metadata <key=value>", "metadata; the value is JSON, else text; may be repeated", collectKeyValue)
    .option("--date <date>", "when the content was written or happened, such as 2026-01-31", (text: string) => parseDate(text))
    .option("--language <tag>", "language, BCP 47 (default: detected)")
    .option("-w, --wait", "wait until vector search finds the documents (at most 10 minutes each)")
    .action((files: string[], options: AddOptions) =>
      runWithService(context, options, async (session) => {
        if (files.length > 1 && (options.id !== undefined || options.name !== undefined))
          throw new UserError("--id and --name are for one file", exitCodes.usage);
        await using extractor = new TextExtractor();
        let failed = 0;
        for (const file of files) if (!(await addFile(file, { options, session, extractor, context }))) failed++;
        return failed === 0 ? exitCodes.ok : failed < files.length ? exitCodes.someFailed : exitCodes.failed;
      }),
    );
}

interface AddRun {
  readonly options: AddOptions;
  readonly session: ServiceSession;
  readonly extractor: TextExtractor;
  readonly context: CommandContext;
}

/** Stores one file and says so; false if no text could be taken from it or the service refuses it, which the next file may survive. */
async function addFile(file: string, run: AddRun): Promise<boolean> {
  const { session, context } = run;
  try {
    const response = await storeContent(file, await contentOf(file, run), run);
    context.stdout.write(
      session.json
        ? `${JSON.stringify(toJson(AddDocumentResponseSchema, response, { alwaysEmitImplicit: true }))}\n`
        : outcomeLine(file, response, context),
    );
    return true;
  } catch (error) {
    const described = describeRefusal(error);
    if (described === undefined) throw error;
    const lines = [
      `${file === "-" ? "stdin" : file}: ${described.message}`,
      ...errorDetails(described).map((line) => `  ${line}`),
    ];
    context.stderr.write(session.json ? `${JSON.stringify({ file, error: described })}\n` : `${printable(lines.join("\n"))}\n`);
    return false;
  }
}

/** Describes an error that is about this file alone; undefined: it is about all of them. */
function describeRefusal(error: unknown): ServiceErrorDescription | undefined {
  if (error instanceof ExtractionError) return { code: "CLIENT", message: error.message };
  return error instanceof ConnectError && error.code === Code.InvalidArgument ? describeServiceError(error) : undefined;
}

async function storeContent(file: string, content: string, { options, session, context }: AddRun): Promise<AddDocumentResponse> {
  return session.service.memory.addDocument(
    {
      ownerId: session.ownerId,
      idAtOrigin: options.id ?? (file === "-" ? "" : resolve(file)),
      documentName: options.name ?? (file === "-" ? "" : basename(file)),
      documentType: options.type ?? (fileKind(file) ?? plainTextKind).documentType,
      content,
      metadata: metadataFrom(options.metadata ?? []),
      ...(options.date ? { documentDate: options.date } : {}),
      language: options.language ?? "",
      waitUntil: options.wait ? WaitUntil.SEARCHABLE : WaitUntil.COMMITTED,
    },
    { signal: context.signal, timeoutMs: options.wait ? limits.unaryDeadlineMaxMs : session.callOptions.timeoutMs },
  );
}

async function contentOf(file: string, { extractor, context }: AddRun): Promise<string> {
  if (file === "-") return extractor.extract(await readAll(context.stdin), "text", context.signal);
  return extractor.extractFile(file, (fileKind(file) ?? plainTextKind).format, context.signal);
}

async function readAll(stream: InputStream): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    pieces.push(Buffer.from(piece as Uint8Array | string));
    bytes += pieces.at(-1)?.length ?? 0;
    if (bytes > limits.contentBytesMax) throw new ExtractionError(`is longer than ${limits.contentBytesMax} bytes`);
  }
  return Buffer.concat(pieces);
}

const outcomes: Record<Outcome, string> = {
  [Outcome.UNSPECIFIED]: "stored",
  [Outcome.CREATED]: "created",
  [Outcome.UPDATED]: "updated",
  [Outcome.UNCHANGED]: "unchanged",
};

function outcomeLine(file: string, response: AddDocumentResponse, context: CommandContext): string {
  const style = styleFor(context.stdout);
  const { document, outcome, embeddingsPending: pending } = response;
  const facts = [
    document?.idAtOrigin === resolve(file) ? "" : printable(document?.idAtOrigin ?? ""),
    document?.documentId ?? "",
    count(document?.chunkCount ?? 0, "chunk"),
    pending > 0 ? `${pending} to be embedded` : "",
  ].filter((fact) => fact !== "");
  return `${style("green", outcomes[outcome])}  ${printable(file === "-" ? "stdin" : file)}  ${style("dim", facts.join(", "))}\n`;
}
