import { toJson } from "@bufbuild/protobuf";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { SearchRequestSchema } from "#gen/llmemory/v1/search_service_pb.js";
import { addSearchOptions, type SearchOptions, searchRequestFrom } from "../../../src/cli/options/search-options.ts";
import { findViolations } from "../../../src/interceptors/find-violations.ts";

/** The request for a command line, which the service accepts. */
function requestFor(...commandArguments: readonly string[]) {
  const command = addSearchOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.parse(commandArguments, { from: "user" });
  const request = searchRequestFrom(command.opts<SearchOptions>(), { ownerId: "ada", queryText: "tea" });
  expect(findViolations(SearchRequestSchema, request)).toEqual([]);
  return toJson(SearchRequestSchema, request);
}

it("leaves everything to the service without options", () => {
  expect(requestFor()).toEqual({ ownerId: "ada", queryText: "tea", filter: {} });
});

describe("asks for what an option says", () => {
  it.each<[line: string, part: object]>([
    ["--limit 3", { limit: 3 }],
    ["--type vector", { searchType: "SEARCH_TYPE_VECTOR" }],
    ["--alpha 0", { alpha: 0 }],
    ["--fusion rrf", { fusion: "FUSION_RRF" }],
    ["--language pt-BR", { language: "pt-BR" }],
    ["--expand heuristic", { queryExpansion: "QUERY_EXPANSION_HEURISTIC" }],
    ["--rerank cross-encoder", { rerank: "RERANK_CROSS_ENCODER" }],
    ["--mmr 0", { mmrLambda: 0 }],
    ["--recency-days 0.5", { recency: { halfLife: "43200s" } }],
    ["--recency-days 36525", { recency: { halfLife: "3155760000s" } }],
    ["--min-score -3.5", { minScore: -3.5 }],
    ["--min-score 0", { minScore: 0 }],
    ["-C 10", { contextWindow: 10 }],
    ["--parents", { includeParentContext: true }],
    ["--routing", { routing: {} }],
    ["--document-language en --document-language de", { filter: { languages: ["en", "de"] } }],
    ["--document-type chat --origin a", { filter: { idsAtOrigin: ["a"], documentTypes: ["DOCUMENT_TYPE_CHAT"] } }],
  ])("%s", (line, part) => {
    expect(requestFor(...line.split(" "))).toEqual({ ownerId: "ada", queryText: "tea", filter: {}, ...part });
  });
});

it.each(["--limit 101", "--alpha 2", "--type both", "--rerank best", "--expand all", "--mmr -1", "--recency-days 0", "-C 11"])(
  "refuses %s",
  (line) => {
    expect(() => requestFor(...line.split(" "))).toThrow(expect.objectContaining({ code: "commander.invalidArgument" }));
  },
);
