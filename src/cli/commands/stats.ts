import { toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import {
  type GetEmbeddingQueueResponse,
  GetEmbeddingQueueResponseSchema,
  type GetOwnerStatisticsResponse,
  GetOwnerStatisticsResponseSchema,
} from "#gen/llmemory/v1/admin_service_pb.js";
import { runWithService } from "../client/run-with-service.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { durationMilliseconds, formatBytes, formatMilliseconds, formatTimestamp } from "../format/quantities.ts";
import { styleFor } from "../format/style.ts";
import { addClientOptions, type ClientOptions } from "../options/client-options.ts";
import { documentTypeName } from "../options/option-parsers.ts";

/** `llmemory stats`: what an owner has stored, and what waits for embedding. */
export function registerStats(program: Command, context: CommandContext): void {
  addClientOptions(
    program.command("stats").description("count an owner's documents, chunks and vectors, and what waits for embedding"),
  ).action((options: ClientOptions) =>
    runWithService(context, options, async ({ service, ownerId, json, callOptions }) => {
      const statistics = await service.admin.getOwnerStatistics({ ownerId }, callOptions);
      // The queue needs the permission of an operator, which an owner's client may lack.
      const queue = await service.admin.getEmbeddingQueue({ ownerId }, callOptions).catch((error: unknown) => {
        if (error instanceof ConnectError && error.code === Code.PermissionDenied) return undefined;
        throw error;
      });
      context.stdout.write(json ? `${asJson(ownerId, statistics, queue)}\n` : asLines(ownerId, statistics, queue, context));
      return exitCodes.ok;
    }),
  );
}

function asJson(ownerId: string, statistics: GetOwnerStatisticsResponse, queue: GetEmbeddingQueueResponse | undefined): string {
  return JSON.stringify({
    ownerId,
    statistics: toJson(GetOwnerStatisticsResponseSchema, statistics, { alwaysEmitImplicit: true }),
    ...(queue ? { embeddingQueue: toJson(GetEmbeddingQueueResponseSchema, queue, { alwaysEmitImplicit: true }) } : {}),
  });
}

function asLines(
  ownerId: string,
  statistics: GetOwnerStatisticsResponse,
  queue: GetEmbeddingQueueResponse | undefined,
  context: CommandContext,
): string {
  const style = styleFor(context.stdout);
  const number = (value: bigint) => value.toLocaleString("en-US");
  const types = statistics.documentTypes.map((type) => `${documentTypeName(type.documentType)} ${number(type.documentCount)}`);
  const facts: [string, string][] = [
    ["owner", ownerId],
    ["documents", number(statistics.documentCount)],
    ["types", types.join(", ")],
    ["chunks", number(statistics.chunkCount)],
    ["embedded", number(statistics.embeddedChunkCount)],
    ["waiting for embedding", number(queue?.totalSize ?? statistics.embeddingsPending)],
    ["oldest of them", queue?.oldestAge ? formatMilliseconds(durationMilliseconds(queue.oldestAge)) : ""],
    ["embedding failed", number(statistics.embeddingsDead)],
    ["embedding given up", statistics.embeddingsMissing === 0n ? "" : number(statistics.embeddingsMissing)],
    ["size of the texts", formatBytes(Number(statistics.totalSizeBytes))],
    ["first added (UTC)", formatTimestamp(statistics.firstCreatedAt)],
    ["last changed (UTC)", formatTimestamp(statistics.lastUpdatedAt)],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${style("bold", name.padEnd(width))}  ${value}\n`);
  return lines.join("");
}
