import {
  type ContextChunk,
  ContextRelation,
  Route,
  type RoutingDecision,
  type SearchResponse,
  type SearchResult,
} from "#gen/llmemory/v1/search_service_pb.js";
import type { OutputStream } from "../command-context.ts";
import { documentTypeName } from "../options/option-parsers.ts";
import { receiptLine } from "./receipt-line.ts";
import { snippetLines } from "./snippet.ts";
import { printableLine, styleFor } from "./style.ts";

const indent = "   ";
const snippetLinesMax = 3;
/** Longer lines are hard to read, however wide the terminal is. */
const snippetWidthMax = 110;

/** What is shown, and where. */
export interface SearchView {
  readonly query: string;
  readonly ownerId: string;
  readonly stream: OutputStream;
  /** Hits to show; undefined: all. */
  readonly hitsMax: number | undefined;
}

/** Hits in order, each with a snippet amid its context, and the receipt as the last line. */
export function renderSearchResponse(response: SearchResponse, view: SearchView): string {
  const style = styleFor(view.stream);
  const hits = response.results.slice(0, view.hitsMax);
  const blocks = hits.map((hit, index) => renderHit(hit, index + 1, view));
  if (blocks.length === 0) blocks.push(`No hits among the documents of owner ${view.ownerId}.\n`);
  if (response.routing) blocks.unshift(renderRouting(response.routing, style));
  const receipt = response.receipt ? `${style("dim", receiptLine(response.receipt))}\n` : "";
  return `${blocks.join("\n")}${receipt === "" ? "" : "\n"}${receipt}`;
}

function renderHit(hit: SearchResult, rank: number, view: SearchView): string {
  const style = styleFor(view.stream);
  // A path that ends with the name says both.
  const isNameInOrigin = hit.documentName === "" || hit.idAtOrigin.endsWith(hit.documentName);
  const name = printableLine(isNameInOrigin ? hit.idAtOrigin : hit.documentName);
  const origin = isNameInOrigin ? "" : `  ${printableLine(hit.idAtOrigin)}`;
  const facts = `${documentTypeName(hit.documentType)}, chunk ${hit.chunkIndex + 1}`;
  const head = `${String(rank).padStart(2)} ${style("green", hit.score.toFixed(3))}  ${style("bold", name)}${style("dim", `${origin}  ${facts}`)}`;
  const width = Math.min(snippetWidthMax, (view.stream.columns ?? snippetWidthMax) - indent.length);
  const snippet = snippetLines(hit.content, view.query, { widthMax: Math.max(20, width), linesMax: snippetLinesMax });
  const lines = snippet.map((line) => {
    const spans = line.map(({ text, isMatch }) => (isMatch ? style("yellow", text) : text));
    return indent + spans.join("");
  });
  const isBefore = (chunk: ContextChunk) => chunk.relation === ContextRelation.PARENT || chunk.chunkIndex < hit.chunkIndex;
  const before = hit.context.filter((chunk) => isBefore(chunk)).map((chunk) => contextLine(chunk, width));
  const after = hit.context.filter((chunk) => !isBefore(chunk)).map((chunk) => contextLine(chunk, width));
  const dim = (line: string) => style("dim", line);
  return `${[head, ...before.map(dim), ...lines, ...after.map(dim)].join("\n")}\n`;
}

/** As much of the text around a hit as one line holds. */
function contextLine(chunk: ContextChunk, width: number): string {
  const name = chunk.relation === ContextRelation.PARENT ? "section" : `chunk ${chunk.chunkIndex + 1}`;
  const [line = []] = snippetLines(chunk.content, "", { widthMax: Math.max(20, width - name.length - 2), linesMax: 1 });
  return `${indent}${name}: ${line.map(({ text }) => text).join("")}`;
}

function renderRouting({ route, confidence, reason }: RoutingDecision, style: ReturnType<typeof styleFor>): string {
  const why = reason === "" ? "" : style("dim", `: ${printableLine(reason)}`);
  return `Best answered from ${routes[route]} (${confidence.toFixed(2)})${why}\n`;
}

const routes: Record<Route, string> = {
  [Route.UNSPECIFIED]: "an unknown place",
  [Route.RETRIEVAL]: "memory",
  [Route.WEB_SEARCH]: "the web",
  [Route.CLARIFICATION]: "the user, who should say more",
  [Route.UNANSWERABLE]: "nowhere",
};
