import { create, toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { FilterSchema } from "#gen/llmemory/v1/document_pb.js";
import { Fusion, SearchResponseSchema, SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { limits } from "../../domain/limits.ts";
import { runWithService } from "../client/run-with-service.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderSearchResponse } from "../format/search-results.ts";
import { addClientOptions, type ClientOptions } from "../options/client-options.ts";
import { addFilterOptions, type FilterOptions, filterFrom } from "../options/filter-options.ts";
import { parseFraction, wholeNumber } from "../options/option-parsers.ts";

interface SearchOptions extends ClientOptions, FilterOptions {
  readonly limit?: number;
  readonly type?: keyof typeof searchTypes;
  readonly alpha?: number;
  readonly fusion?: keyof typeof fusions;
}

const searchTypes = { hybrid: SearchType.HYBRID, vector: SearchType.VECTOR, text: SearchType.TEXT } as const;
const fusions = { "relative-score": Fusion.RELATIVE_SCORE, rrf: Fusion.RRF } as const;

/** `llmemory search`: the chunks that answer a query. */
export function registerSearch(program: Command, context: CommandContext): void {
  const command = program.command("search").description("find the chunks that answer a query");
  addFilterOptions(addClientOptions(command))
    .argument("<query...>", "the query in ordinary words; quotes are not needed")
    .option("-n, --limit <count>", "hits at most (default: 10)", wholeNumber({ min: 1, max: limits.searchLimitMax }))
    .addOption(command.createOption("-t, --type <type>", "what is compared (default: hybrid)").choices(Object.keys(searchTypes)))
    .option("--alpha <weight>", "hybrid: weight of meaning against words, 0 to 1 (default: 0.7; rrf: 0.5)", parseFraction)
    .addOption(command.createOption("--fusion <fusion>", "hybrid: how both sides become one order").choices(Object.keys(fusions)))
    .action((words: string[], options: SearchOptions) =>
      runWithService(context, options, async ({ service, ownerId, json, callOptions }) => {
        const queryText = words.join(" ");
        const response = await service.search.search(
          {
            ownerId,
            queryText,
            searchType: options.type ? searchTypes[options.type] : SearchType.UNSPECIFIED,
            fusion: options.fusion ? fusions[options.fusion] : Fusion.UNSPECIFIED,
            filter: create(FilterSchema, filterFrom(options)),
            ...(options.limit === undefined ? {} : { limit: options.limit }),
            ...(options.alpha === undefined ? {} : { alpha: options.alpha }),
          },
          callOptions,
        );
        context.stdout.write(
          json
            ? `${JSON.stringify(toJson(SearchResponseSchema, response))}\n`
            : renderSearchResponse(response, { query: queryText, ownerId, stream: context.stdout, hitsMax: undefined }),
        );
        return exitCodes.ok;
      }),
    );
}
