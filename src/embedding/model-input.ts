import type { WordPieceTokenizer } from "../chunking/wordpiece-tokenizer.ts";

/** [CLS] and [SEP]: positions of the network that no text gets. */
export const specialTokenCount = 2;

/** What the model reads of one text. */
export interface ModelInput {
  /** From [CLS] to [SEP], in the type that the model takes. */
  readonly ids: BigInt64Array;
  /** Whether tokens were left out because there are more than the model has positions. */
  readonly truncated: boolean;
}

/**
 * @param text         prefix included, at most a chunk or a query long; 300 tokens take 65 µs on the thread that calls.
 * @param positionsMax special tokens included; what comes later in the text is left out, [SEP] is not.
 */
export function encodeModelInput(tokenizer: WordPieceTokenizer, text: string, positionsMax: number): ModelInput {
  const tokenIds = tokenizer.encodeIds(text);
  const truncated = tokenIds.length > positionsMax - specialTokenCount;
  if (truncated) tokenIds.length = positionsMax - specialTokenCount;
  return { ids: BigInt64Array.from([tokenizer.clsId, ...tokenIds, tokenizer.sepId], BigInt), truncated };
}
