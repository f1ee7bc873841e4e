import { PackedRecords } from "../../src/storage/packed-records.ts";
import type { Leaves } from "../../src/storage/read-leaves.ts";

/** What a test says of a leaf; the rest is plain: one token, no words, allowed. */
export interface LeafSketch {
  /** A number that stands for the document. */
  readonly document?: number;
  readonly chunkIndex?: number;
  readonly tokenCount?: number;
  readonly corpus?: number;
  /** Of each term of its corpus. */
  readonly frequencies?: readonly number[];
  readonly similarity?: number;
  readonly speaker?: string;
  readonly isAllowed?: boolean;
  readonly isPhrased?: boolean;
}

/** The id of the n-th chunk or document: sorts like n. */
export function idOf(n: number): string {
  return `00000000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
}

/** Leaves as `readLeaves` gives them. The n-th has the id `idOf(n)`. */
export function leavesOf(sketches: readonly LeafSketch[]): Leaves {
  const ids = new PackedRecords(
    Buffer.from(
      sketches.map(({ document = 0 }, leaf) => `${idOf(leaf)}${idOf(document)}`.replaceAll("-", "")).join(""),
      "hex",
    ).toString("base64"),
    32,
  );
  const width = Math.max(0, ...sketches.map(({ frequencies = [] }) => frequencies.length));
  return {
    count: sketches.length,
    chunkIds: ids.uuids(0),
    documentIds: ids.uuids(16),
    chunkIndexes: Int32Array.from(sketches, ({ chunkIndex = 0 }) => chunkIndex),
    tokenCounts: Int32Array.from(sketches, ({ tokenCount = 1 }) => tokenCount),
    speakers: sketches.some(({ speaker }) => speaker !== undefined) ? sketches.map(({ speaker = null }) => speaker) : [],
    corpora: Int32Array.from(sketches, ({ corpus = 0 }) => corpus),
    similarities: Float32Array.from(sketches, ({ similarity = Number.NaN }) => similarity),
    frequencies: Uint8Array.from(
      sketches.flatMap(({ frequencies = [] }) => Array.from({ length: width }, (_, i) => frequencies[i] ?? 0)),
    ),
    width,
    allowed: Uint8Array.from(sketches, ({ isAllowed = true }) => (isAllowed ? 1 : 0)),
    phrased: Uint8Array.from(sketches, ({ isPhrased = true }) => (isPhrased ? 1 : 0)),
  };
}
