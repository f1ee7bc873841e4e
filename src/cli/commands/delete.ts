import { createInterface } from "node:readline/promises";
import { toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { DeleteDocumentResponseSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import { describeServiceError } from "../client/service-error.ts";
import { type CommandContext, UserError } from "../command-context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { count } from "../format/quantities.ts";
import { printable, styleFor } from "../format/style.ts";
import { addClientOptions, type ClientOptions } from "../options/client-options.ts";

interface DeleteOptions extends ClientOptions {
  readonly documentId?: boolean;
  readonly yes?: boolean;
}

/** `llmemory delete`: documents by id at origin, or by document id. */
export function registerDelete(program: Command, context: CommandContext): void {
  addClientOptions(program.command("delete").description("delete documents with their chunks and vectors"))
    .argument("<id...>", "ids at origin, as list prints them")
    .option("--document-id", "the ids are document ids (UUIDs)")
    .option("-y, --yes", "do not ask")
    .action((ids: string[], options: DeleteOptions) =>
      runWithService(context, options, async (session) => {
        if (!options.yes) await confirm(`Delete ${count(ids.length, "document")} of owner ${session.ownerId}?`, context);
        const results: Result[] = [];
        for (const id of ids) results.push(await deleteOne(id, options, session, context));
        return exitCodeFor(results);
      }),
    );
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

/** Asks on a terminal; elsewhere nobody could answer, so the command must be given --yes. */
async function confirm(question: string, context: CommandContext): Promise<void> {
  if (!context.stdin.isTTY || !context.stderr.isTTY)
    throw new UserError("nobody can be asked whether to delete, since this is not a terminal; pass --yes", exitCodes.usage);
  const prompt = createInterface({ input: context.stdin, output: context.stderr });
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal: context.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UserError("nothing was deleted", exitCodes.failed);
  } finally {
    prompt.close();
  }
}
