import {
  Degradation,
  Plan,
  type Receipt,
  type SearchResponse,
  type SearchResult,
  ShortfallReason,
} from "#gen/llmemory/v1/search_service_pb.js";
import type { OutputStream } from "../command-context.ts";
import { documentTypeName } from "../options/option-parsers.ts";
import { count, durationMilliseconds, formatMilliseconds } from "./quantities.ts";
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

/** Hits in order, each with a snippet, and the receipt as the last line. */
export function renderSearchResponse(response: SearchResponse, view: SearchView): string {
  const style = styleFor(view.stream);
  const hits = response.results.slice(0, view.hitsMax);
  const blocks = hits.map((hit, index) => renderHit(hit, index + 1, view));
  if (blocks.length === 0) blocks.push(`No hits among the documents of owner ${view.ownerId}.\n`);
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
  return `${[head, ...lines].join("\n")}\n`;
}

/** How complete the answer is and how long it took, in one line. */
export function receiptLine(receipt: Receipt): string {
  const parts = [
    plans[receipt.plan],
    receipt.candidatesVector > 0n ? count(receipt.candidatesVector, "vector compared", "vectors compared") : "",
    receipt.candidatesText > 0n
      ? count(receipt.candidatesText, "chunk with words of the query", "chunks with words of the query")
      : "",
    `${count(receipt.ownerChunks, "chunk")} in all`,
    receipt.truncated ? "some candidates were left out" : "",
    shortfalls[receipt.shortfallReason],
    ...receipt.degraded.map((degradation) => `degraded: ${degradations[degradation]}`),
    receipt.model === "" ? "" : printableLine(receipt.model),
    stageTimes(receipt),
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

const plans: Record<Plan, string> = {
  [Plan.UNSPECIFIED]: "",
  [Plan.EXACT]: "exact",
  [Plan.TEXT_ONLY]: "words only",
};

const shortfalls: Record<ShortfallReason, string> = {
  [ShortfallReason.UNSPECIFIED]: "",
  [ShortfallReason.FEWER_MATCH]: "no more match",
  [ShortfallReason.REPLY_SIZE]: "more would not have fit into one reply",
};

const degradations: Record<Degradation, string> = {
  [Degradation.UNSPECIFIED]: "",
  [Degradation.EMBEDDER_UNAVAILABLE]: "the query could not be embedded, so only words were looked at",
  [Degradation.EMBEDDINGS_PENDING]: "some chunks are not embedded yet",
};

function stageTimes(receipt: Receipt): string {
  const times = receipt.stageTimes.map(({ stage, duration }) => ({
    stage: printableLine(stage),
    milliseconds: duration ? durationMilliseconds(duration) : 0,
  }));
  if (times.length === 0) return "";
  const total = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const stages = times.map(({ stage, milliseconds }) => `${stage} ${formatMilliseconds(milliseconds)}`);
  return `${formatMilliseconds(total)} (${stages.join(", ")})`;
}
