import { create, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { FilterSchema } from "#gen/llmemory/v1/document_pb.js";
import {
  DeleteDocumentResponseSchema,
  type DeleteDocumentsRequestSchema,
  type DeleteDocumentsResponse,
} from "#gen/llmemory/v1/memory_service_pb.js";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import { describeServiceError } from "../client/service-error.ts";
import { type CommandContext, UserError } from "../command-context.ts";
import { confirm } from "../confirm.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { count } from "../format/quantities.ts";
import { printable, styleFor } from "../format/style.ts";
import { addClientOptions, type ClientOptions } from "../options/client-options.ts";
import { addFilterOptions, type FilterOptions, filterFrom } from "../options/filter-options.ts";

interface DeleteOptions extends ClientOptions, FilterOptions {
  readonly documentId?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `llmemory delete`: documents by id at origin, by document id, or all that a filter chooses. */
export function registerDelete(program: Command, context: CommandContext): void {
  const command = program.command("delete").description("delete documents with their chunks and vectors, by ids or by a filter");
  addFilterOptions(addClientOptions(command))
    .argument("[id...]", "ids at origin, as list prints them")
    .option("--document-id", "the ids are document ids (UUIDs)")
    .option("--dry-run", "delete nothing, only count")
    .option("-y, --yes", "do not ask")
    .action((ids: string[], options: DeleteOptions) =>
      runWithService(context, options, async (session) => {
        const isFiltered = filterOptions.some((name) => options[name] !== undefined);
        if (isFiltered === ids.length > 0)
          throw new UserError("give either ids, or options that choose documents", exitCodes.usage);
        if (isFiltered || options.dryRun) return await deleteChosen(ids, options, session, context);
        if (!options.yes) await confirm(`Delete ${count(ids.length, "document")} of owner ${session.ownerId}?`, context);
        const results: Result[] = [];
        for (const id of ids) results.push(await deleteOne(id, options, session, context));
        return exitCodeFor(results);
      }),
    );
}

const filterOptions = [
  "origin",
  "documentType",
  "documentLanguage",
  "from",
  "to",
  "where",
] as const satisfies (keyof FilterOptions)[];

/** Deletes what the filter chooses, or only counts it or the ids. */
async function deleteChosen(
  ids: readonly string[],
  options: DeleteOptions,
  { ownerId, json, service, callOptions }: ServiceSession,
  context: CommandContext,
): Promise<ExitCode> {
  const named = options.documentId ? { documentIds: [...ids] } : { idsAtOrigin: [...ids] };
  const chosen = ids.length > 0 ? named : { filter: create(FilterSchema, filterFrom(options)) };
  const send = (request: MessageInitShape<typeof DeleteDocumentsRequestSchema>) =>
    service.memory.deleteDocuments({ ownerId, ...request }, callOptions);
  const print = (documents: bigint, chunks: bigint) => {
    const counts = { dryRun: options.dryRun === true, documentsDeleted: String(documents), chunksDeleted: String(chunks) };
    const what = `${count(Number(documents), "document")}, ${count(Number(chunks), "chunk")}`;
    context.stdout.write(json ? `${JSON.stringify(counts)}\n` : `${options.dryRun ? "would delete" : "deleted"}  ${what}\n`);
  };
  if (options.dryRun || !options.yes) {
    const { documentsDeleted, chunksDeleted } = await send({ ...chosen, dryRun: true });
    if (options.dryRun) print(documentsDeleted, chunksDeleted);
    if (options.dryRun || documentsDeleted === 0n) return exitCodes.ok;
    await confirm(`Delete ${count(Number(documentsDeleted), "document")} of owner ${ownerId}?`, context);
  }
  let [documents, chunks] = [0n, 0n];
  let reply: DeleteDocumentsResponse;
  // Each call deletes for as long as its deadline lets it.
  do {
    reply = await send(chosen);
    documents += reply.documentsDeleted;
    chunks += reply.chunksDeleted;
  } while (reply.moreRemain && reply.documentsDeleted > 0n);
  print(documents, chunks);
  if (reply.moreRemain)
    throw new UserError("more remain than the service could delete in time; repeat the command", exitCodes.failed);
  return exitCodes.ok;
}

type Result = "deleted" | "missing";

async function deleteOne(id: string, options: DeleteOptions, session: ServiceSession, context: CommandContext): Promise<Result> {
  const { ownerId, json, service, callOptions } = session;
  const key = options.documentId ? { case: "documentId" as const, value: id } : { case: "idAtOrigin" as const, value: id };
  try {
    const response = await service.memory.deleteDocument({ ownerId, key }, callOptions);
    context.stdout.write(
      json
        ? `${JSON.stringify({ id, ...(toJson(DeleteDocumentResponseSchema, response) as object) })}\n`
        : `deleted  ${printable(id)}  ${styleFor(context.stdout)("dim", `${response.documentId}, ${count(response.chunksDeleted, "chunk")}`)}\n`,
    );
    return "deleted";
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== Code.NotFound) throw error;
    context.stderr.write(
      json ? `${JSON.stringify({ id, error: describeServiceError(error) })}\n` : `not found  ${printable(id)}\n`,
    );
    return "missing";
  }
}

function exitCodeFor(results: readonly Result[]): ExitCode {
  if (!results.includes("missing")) return exitCodes.ok;
  return results.includes("deleted") ? exitCodes.someFailed : exitCodes.notFound;
}
