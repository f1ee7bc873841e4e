import type { JsonObject } from "./document.ts";

export const chunkingStrategies = ["hierarchical", "fixed_size", "semantic", "sliding_window"] as const;
export type ChunkingStrategy = (typeof chunkingStrategies)[number];

/** How a client wants its text cut; what is undefined follows the document's type and length. */
export interface ChunkingOptions {
  readonly strategy?: ChunkingStrategy | undefined;
  /** Tokens of a leaf chunk, at most. */
  readonly chunkTokens?: number | undefined;
  /** Tokens that a leaf repeats from the leaf before it; less than `chunkTokens`. */
  readonly overlapTokens?: number | undefined;
}

/**
 * One chunk of a text before it is stored: a half-open range of the text. Leaves (level 0) are embedded, indexed and returned by
 * search; parents (level 1) are ranges that enclose their leaves and serve as context.
 */
export interface ChunkDraft {
  readonly level: 0 | 1;
  /** Position among the chunks of the same level, from 0, in text order. */
  readonly index: number;
  /** Index of the parent among the level-1 chunks; undefined for parents and for leaves without one. */
  readonly parentIndex: number | undefined;
  /** Code points from the start of the text. */
  readonly charStart: number;
  readonly charEnd: number;
  /** The same range in UTF-16 units, so that `text.slice(utf16Start, utf16End)` is the chunk. */
  readonly utf16Start: number;
  readonly utf16End: number;
  readonly tokenCount: number;
  /** What the structure of the text tells: `speaker`, `timestamp`, `message_index` for chat; `headings` for markdown; `part` for email. */
  readonly metadata: JsonObject;
  /** Of a leaf: where it belongs, if that was asked for; goes in front of the text that is embedded. */
  readonly contextPrefix?: string | undefined;
  /** Of a leaf: its most telling sentences, if they were asked for and are not all that it says. */
  readonly summary?: string | undefined;
}
