import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { Degradation, Plan, ReceiptSchema, ShortfallReason } from "#gen/llmemory/v1/search_service_pb.js";
import { receiptLine } from "../../../src/cli/format/receipt-line.ts";

it.each<[receipt: MessageInitShape<typeof ReceiptSchema>, line: string]>([
  [{}, "0 chunks in all"],
  [{ plan: Plan.TEXT_ONLY, ownerChunks: 1n }, "words only · 1 chunk in all"],
  [{ plan: Plan.APPROXIMATE, cacheHit: true }, "from the cache · approximate · 0 chunks in all"],
  [{ queryVariants: ["tea"] }, "0 chunks in all"],
  [{ queryVariants: ["tea", "chai", "hot\ndrink"] }, '0 chunks in all · also searched for "chai", "hot drink"'],
  [{ shortfallReason: ShortfallReason.MIN_SCORE }, "0 chunks in all · the others score less"],
  [{ shortfallReason: ShortfallReason.DEADLINE }, "0 chunks in all · there was no time to look for more"],
  [
    { truncated: true, degraded: [Degradation.EXPANSION_UNAVAILABLE, Degradation.RERANKER_UNAVAILABLE] },
    "0 chunks in all · some candidates were left out · degraded: no model wrote other wordings, so rules made them · degraded: no model reranked, so words did",
  ],
])("says of %o: %s", (receipt, line) => {
  expect(receiptLine(create(ReceiptSchema, receipt))).toBe(line);
});
