import { Degradation, Plan, type Receipt, ShortfallReason } from "#gen/llmemory/v1/search_service_pb.js";
import { count, durationMilliseconds, formatMilliseconds } from "./quantities.ts";
import { printableLine } from "./style.ts";

/** How complete the answer is and how long it took, in one line. */
export function receiptLine(receipt: Receipt): string {
  const variants = receipt.queryVariants.slice(1).map((variant) => `"${printableLine(variant)}"`);
  const parts = [
    receipt.cacheHit ? "from the cache" : "",
    plans[receipt.plan],
    receipt.candidatesVector > 0n ? count(receipt.candidatesVector, "vector compared", "vectors compared") : "",
    receipt.candidatesText > 0n
      ? count(receipt.candidatesText, "chunk with words of the query", "chunks with words of the query")
      : "",
    `${count(receipt.ownerChunks, "chunk")} in all`,
    variants.length > 0 ? `also searched for ${variants.join(", ")}` : "",
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
  [Plan.APPROXIMATE]: "approximate",
  [Plan.TEXT_ONLY]: "words only",
};

const shortfalls: Record<ShortfallReason, string> = {
  [ShortfallReason.UNSPECIFIED]: "",
  [ShortfallReason.FEWER_MATCH]: "no more match",
  [ShortfallReason.REPLY_SIZE]: "more would not have fit into one reply",
  [ShortfallReason.MIN_SCORE]: "the others score less",
  [ShortfallReason.DEADLINE]: "there was no time to look for more",
};

const degradations: Record<Degradation, string> = {
  [Degradation.UNSPECIFIED]: "",
  [Degradation.EMBEDDER_UNAVAILABLE]: "the query could not be embedded, so only words were looked at",
  [Degradation.EMBEDDINGS_PENDING]: "some chunks are not embedded yet",
  [Degradation.EXPANSION_UNAVAILABLE]: "no model wrote other wordings, so rules made them",
  [Degradation.RERANKER_UNAVAILABLE]: "no model reranked, so words did",
  [Degradation.ROUTING_UNAVAILABLE]: "no routing decision could be made",
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
