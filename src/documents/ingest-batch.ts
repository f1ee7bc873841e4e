/** What of a stream is prepared, or committed, together at most. */
export interface BatchSize {
  readonly items: number;
  readonly bytes: number;
}

/**
 * How many of the first items make a batch: bounded in number and bytes, one at least, and up to the first that may not be taken.
 *
 * @param mayTake asked once for each item that would be in the batch.
 */
export function countOfBatch<Item extends { readonly sizeBytes: number }>(
  items: readonly Item[],
  most: BatchSize,
  mayTake: (item: Item) => boolean = () => true,
): number {
  let bytes = 0;
  let count = 0;
  for (const item of items) {
    bytes += item.sizeBytes;
    const isTooMuch = count > 0 && (count >= most.items || bytes > most.bytes);
    if (isTooMuch || !mayTake(item)) break;
    count++;
  }
  return count;
}

/** Whether items are as many, or as large, as a batch may be. */
export function isBatch(items: readonly { readonly sizeBytes: number }[], most: BatchSize): boolean {
  return items.length >= most.items || items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) >= most.bytes;
}
