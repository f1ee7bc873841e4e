/**
 * Tokens of a text by estimate, since every endpoint has a tokenizer of its own: three bytes each. English prose has four to five, Chinese
 * and code about three. What an answer says it has used corrects the estimate for rate limits.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3);
}

/** Whether a text may have more tokens than that: no tokenizer makes more tokens than there are bytes. */
export function mayHaveMoreTokens(text: string, tokensMax: number): boolean {
  return Buffer.byteLength(text) > tokensMax;
}

/** The first half of a text, or more if half of it is sure to have fewer tokens than that; never half a character. */
export function shortenText(text: string, tokensMax: number): string {
  const bytes = Buffer.from(text);
  const kept = Math.max(tokensMax, Math.floor(bytes.byteLength / 2));
  // Without the end of a stream, bytes of an unfinished character are left out.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, kept), { stream: true });
}

/**
 * Divides texts, in order, into batches of at most so many texts and tokens; a longer text is a batch of its own.
 */
export function divideIntoBatches(
  texts: readonly string[],
  { textsMax, tokensMax }: { readonly textsMax: number; readonly tokensMax: number },
): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let tokens = 0;
  for (const text of texts) {
    const batch = batches.at(-1);
    const added = estimateTokens(text);
    if (batch && batch.length < textsMax && tokens + added <= tokensMax) {
      batch.push(text);
      tokens += added;
    } else {
      batches.push([text]);
      tokens = added;
    }
  }
  return batches;
}
