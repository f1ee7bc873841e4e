import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { ExplainSearchResponseSchema } from "#gen/llmemory/v1/admin_service_pb.js";
import { SearchResponseSchema } from "#gen/llmemory/v1/search_service_pb.js";
import { runWithService } from "../client/run-with-service.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderExplanation } from "../format/explanation.ts";
import { renderSearchResponse } from "../format/search-results.ts";
import { addClientOptions, type ClientOptions } from "../options/client-options.ts";
import { addSearchOptions, type SearchOptions, searchRequestFrom } from "../options/search-options.ts";

interface Options extends ClientOptions, SearchOptions {
  readonly explain?: boolean;
}

/** `llmemory search`: the chunks that answer a query. */
export function registerSearch(program: Command, context: CommandContext): void {
  const command = program.command("search").description("find the chunks that answer a query");
  addSearchOptions(addClientOptions(command))
    .argument("<query...>", "the query in ordinary words; quotes are not needed")
    .option("--explain", "show how the database ran the search; needs the permission of an operator")
    .addHelpText("after", operatorsHelp)
    .action((words: string[], options: Options) =>
      runWithService(context, options, async ({ service, ownerId, json, callOptions }) => {
        const queryText = words.join(" ");
        const request = searchRequestFrom(options, { ownerId, queryText });
        const view = { query: queryText, ownerId, stream: context.stdout, hitsMax: undefined };
        if (options.explain) {
          const explained = await service.admin.explainSearch({ search: request }, callOptions);
          context.stdout.write(
            json ? `${JSON.stringify(toJson(ExplainSearchResponseSchema, explained))}\n` : renderExplanation(explained, view),
          );
        } else {
          const response = await service.search.search(request, callOptions);
          context.stdout.write(
            json ? `${JSON.stringify(toJson(SearchResponseSchema, response))}\n` : renderSearchResponse(response, view),
          );
        }
        return exitCodes.ok;
      }),
    );
}

const operatorsHelp = `
In a query, '"two words"' must be found as they stand, and -word must not be there:
  llmemory search --limit 3 -- '"black coffee"' or '"strong tea"' -sugar`;
