import type { WordPieceTokenizer } from "../chunking/wordpiece-tokenizer.ts";

/** What a cross-encoder reads: [CLS] query [SEP] passage [SEP], the ids and which of the two texts each belongs to. */
export interface CrossEncoderInput {
  readonly ids: BigInt64Array<ArrayBuffer>;
  /** 0 up to the first [SEP], 1 after it. */
  readonly typeIds: BigInt64Array<ArrayBuffer>;
}

const specialTokenCount = 3;

/** @param positionsMax special tokens included; what comes later in the passage is left out, and of the query beyond half of them. */
export function encodePair(
  tokenizer: WordPieceTokenizer,
  { query, passage, positionsMax }: { readonly query: string; readonly passage: string; readonly positionsMax: number },
): CrossEncoderInput {
  const textTokensMax = positionsMax - specialTokenCount;
  const queryIds = tokenizer.encodeIds(query).slice(0, Math.ceil(textTokensMax / 2));
  const passageIds = tokenizer.encodeIds(passage).slice(0, textTokensMax - queryIds.length);
  const { clsId, sepId } = tokenizer;
  const ids = BigInt64Array.from([clsId, ...queryIds, sepId, ...passageIds, sepId], BigInt);
  return { ids, typeIds: new BigInt64Array(ids.length).fill(1n, queryIds.length + 2) };
}
