import { create, toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { type Document, DocumentSchema, FilterSchema } from "#gen/llmemory/v1/document_pb.js";
import { OrderBy } from "#gen/llmemory/v1/memory_service_pb.js";
import { limits } from "../../domain/limits.ts";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { count, formatBytes, formatTimestamp } from "../format/quantities.ts";
import { styleFor } from "../format/style.ts";
import { cell, renderTable } from "../format/table.ts";
import { addClientOptions, type ClientOptions } from "../options/client-options.ts";
import { addFilterOptions, type FilterOptions, filterFrom } from "../options/filter-options.ts";
import { documentTypeName, wholeNumber } from "../options/option-parsers.ts";

interface ListOptions extends ClientOptions, FilterOptions {
  readonly limit: number;
  readonly order: keyof typeof orders;
}

const orders = {
  newest: OrderBy.CREATED_AT_DESC,
  oldest: OrderBy.CREATED_AT_ASC,
  updated: OrderBy.UPDATED_AT_DESC,
  name: OrderBy.DOCUMENT_NAME_ASC,
} as const;

/** `llmemory list`: the documents of an owner. */
export function registerList(program: Command, context: CommandContext): void {
  const command = program.command("list").description("list documents; with --json one JSON document per line");
  addFilterOptions(addClientOptions(command))
    .option("-n, --limit <count>", "documents at most", wholeNumber({ min: 1, max: 1_000_000 }), 50)
    .addOption(command.createOption("--order <order>", "order").choices(Object.keys(orders)).default("newest"))
    .action((options: ListOptions) =>
      runWithService(context, options, async (session) => {
        const listed = session.json
          ? await printJsonLines(session, options, context)
          : await printTable(session, options, context);
        if (listed.more) context.stderr.write(`There are more; see them with --limit ${options.limit * 10}.\n`);
        return exitCodes.ok;
      }),
    );
}

interface Listed {
  readonly more: boolean;
}

async function printJsonLines(session: ServiceSession, options: ListOptions, context: CommandContext): Promise<Listed> {
  return listDocuments(session, options, (document) => {
    context.stdout.write(`${JSON.stringify(toJson(DocumentSchema, document))}\n`);
  });
}

async function printTable(session: ServiceSession, options: ListOptions, context: CommandContext): Promise<Listed> {
  const documents: Document[] = [];
  const listed = await listDocuments(session, options, (document) => documents.push(document));
  if (documents.length === 0) {
    context.stderr.write(`Owner ${session.ownerId} has no documents${options.limit ? " that match" : ""}.\n`);
    return listed;
  }
  const rows = documents.map((document) => [
    cell(document.idAtOrigin),
    cell(document.documentName),
    documentTypeName(document.documentType),
    document.language,
    String(document.chunkCount),
    formatBytes(Number(document.sizeBytes)),
    formatTimestamp(document.updatedAt),
    document.documentId,
  ]);
  const columns = [
    { head: "id at origin" },
    { head: "name" },
    { head: "type" },
    { head: "language" },
    { head: "chunks", align: "right" },
    { head: "size", align: "right" },
    { head: "changed (UTC)" },
    { head: "document id" },
  ] as const;
  context.stdout.write(`${renderTable(context.stdout, columns, rows)}\n`);
  context.stderr.write(`${styleFor(context.stderr)("dim", count(documents.length, "document"))}\n`);
  return listed;
}

async function listDocuments(
  session: ServiceSession,
  options: ListOptions,
  visit: (document: Document) => void,
): Promise<Listed> {
  let remaining = options.limit;
  let pageToken = "";
  do {
    const page = await session.service.memory.listDocuments(
      {
        ownerId: session.ownerId,
        filter: create(FilterSchema, filterFrom(options)),
        orderBy: orders[options.order],
        pageSize: Math.min(remaining, limits.pageSizeMax),
        pageToken,
      },
      session.callOptions,
    );
    page.documents.forEach(visit);
    remaining -= page.documents.length;
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && remaining > 0);
  return { more: pageToken !== "" };
}
