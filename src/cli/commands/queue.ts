import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import {
  type DeadJobsReason,
  type GetEmbeddingQueueResponse,
  GetEmbeddingQueueResponseSchema,
  PurgeDeadJobsResponseSchema,
  RetryDeadJobsResponseSchema,
} from "#gen/llmemory/v1/admin_service_pb.js";
import { runWithService } from "../client/run-with-service.ts";
import type { CommandContext } from "../command-context.ts";
import { confirm } from "../confirm.ts";
import { exitCodes } from "../exit-codes.ts";
import { count, durationMilliseconds, formatMilliseconds } from "../format/quantities.ts";
import { styleFor } from "../format/style.ts";
import { cell, renderTable } from "../format/table.ts";
import { addConnectionOptions, type ClientOptions } from "../options/client-options.ts";

interface DeadJobsOptions extends ClientOptions {
  readonly model?: string;
  readonly yes?: boolean;
}

/** `llmemory queue`: what waits for embedding and what has failed for good, of all owners; and what to do with the latter. */
export function registerQueue(program: Command, context: CommandContext): void {
  const queue = addConnectionOptions(
    program.command("queue").description("show what waits for embedding, and why chunks have failed"),
  )
    .option("-o, --owner <id>", "one owner alone (default: all)")
    .action((options: ClientOptions) =>
      runWithService(context, options, async ({ service, json, callOptions }) => {
        const response = await service.admin.getEmbeddingQueue({ ownerId: options.owner ?? "" }, callOptions);
        if (json) context.stdout.write(`${JSON.stringify(toJson(GetEmbeddingQueueResponseSchema, response, implicit))}\n`);
        else printQueue(response, context);
        return exitCodes.ok;
      }),
    );
  queue
    .command("retry")
    .description("try again what has failed for good")
    .option("--model <id>", "of one model alone, such as local/e5-small-v2 (default: of all)")
    .action((_options: object, command: Command) => {
      // The options of `queue` stand before or after the word.
      const options = command.optsWithGlobals<DeadJobsOptions>();
      return runWithService(context, options, async ({ service, json, callOptions }) => {
        const response = await service.admin.retryDeadJobs(deadJobsOf(options), callOptions);
        const line = json
          ? JSON.stringify(toJson(RetryDeadJobsResponseSchema, response, implicit))
          : `${count(response.retried, "chunk")} will be embedded again`;
        context.stdout.write(`${line}\n`);
        return exitCodes.ok;
      });
    });
  queue
    .command("purge")
    .description("give up what has failed for good: its text stays, found by words alone")
    .option("--model <id>", "of one model alone, such as local/e5-small-v2 (default: of all)")
    .option("-y, --yes", "do not ask")
    .action((_options: object, command: Command) => {
      const options = command.optsWithGlobals<DeadJobsOptions>();
      return runWithService(context, options, async ({ service, json, callOptions }) => {
        const whose = options.owner === undefined ? "all owners" : `owner ${options.owner}`;
        if (!options.yes) await confirm(`Give up the failed embeddings of ${whose}?`, context);
        const response = await service.admin.purgeDeadJobs(deadJobsOf(options), callOptions);
        const line = json
          ? JSON.stringify(toJson(PurgeDeadJobsResponseSchema, response, implicit))
          : `${count(response.purged, "chunk")} will stay without an embedding`;
        context.stdout.write(`${line}\n`);
        return exitCodes.ok;
      });
    });
}

const implicit = { alwaysEmitImplicit: true };

function deadJobsOf({ owner = "", model = "" }: DeadJobsOptions) {
  return { ownerId: owner, modelId: model };
}

function printQueue(response: GetEmbeddingQueueResponse, context: CommandContext): void {
  if (response.owners.length === 0) {
    context.stderr.write("Nothing waits for embedding, and nothing has failed.\n");
    return;
  }
  const columns = [
    { head: "owner" },
    { head: "waiting", align: "right" },
    { head: "oldest", align: "right" },
    { head: "failed", align: "right" },
    { head: "why" },
  ] as const;
  const rows = response.owners.map((owner) => [
    cell(owner.ownerId),
    String(owner.size),
    owner.oldestAge ? formatMilliseconds(durationMilliseconds(owner.oldestAge)) : "",
    String(owner.dead),
    cell(listReasons(owner.deadReasons)),
  ]);
  context.stdout.write(`${renderTable(context.stdout, columns, rows)}\n`);
  const reasons = response.deadReasons.length > 0 ? ` (${listReasons(response.deadReasons)})` : "";
  const total = `${count(response.totalSize, "chunk")} waiting, ${count(response.dead, "chunk")} failed${reasons}`;
  context.stderr.write(`${styleFor(context.stderr)("dim", total)}\n`);
}

function listReasons(reasons: readonly DeadJobsReason[]): string {
  return reasons.map((reason) => `${reason.reason} ${reason.count}`).join(", ");
}
