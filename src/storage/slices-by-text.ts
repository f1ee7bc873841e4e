import { limits } from "../domain/limits.ts";
import type { PreparedChunk } from "./diff-chunks.ts";

/** Chunks in as many parts as it takes to keep the text of each bounded; that of parents does not count, since it is not stored twice. */
export function slicesByText<Row extends { readonly chunk: PreparedChunk }>(rows: readonly Row[]): Row[][] {
  const slices: Row[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (chars > limits.statementTextCharsMax) {
      slices.push([]);
      chars = 0;
    }
    slices.at(-1)?.push(row);
    chars += row.chunk.level === 0 ? row.chunk.content.length : 0;
  }
  return slices;
}
