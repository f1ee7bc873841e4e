import type { JsonObject } from "../domain/document.ts";

/** A chunk ready to be stored, parents and leaves alike. */
export interface PreparedChunk {
  readonly chunkId: string;
  readonly level: number;
  readonly index: number;
  readonly parentIndex: number | undefined;
  readonly charStart: number;
  readonly charEnd: number;
  readonly tokenCount: number;
  readonly metadata: JsonObject;
  readonly content: string;
  /** SHA-256 of the content. */
  readonly contentHash: Buffer;
}

/** What the comparison needs of a chunk that is stored already. */
export interface ExistingChunk {
  readonly chunkId: string;
  readonly level: number;
  readonly contentHash: Buffer;
  readonly textConfig: string | null;
  readonly tokenCount: number;
}

export interface ChunkDifference {
  /** Chunks to insert. */
  readonly created: readonly PreparedChunk[];
  /** Chunks that stay, under the id that they have, with their new place in the text. */
  readonly kept: readonly PreparedChunk[];
  readonly removed: readonly ExistingChunk[];
  /** Ids of the new text's parents by their index. */
  readonly parentIds: readonly string[];
}

/**
 * Tells which chunks of a document stay. A chunk stays if one with the same text, level and text search configuration is stored;
 * each stored chunk serves once, so a text that occurs twice keeps two.
 */
export function diffChunks(
  existing: readonly ExistingChunk[],
  prepared: readonly PreparedChunk[],
  textConfig: string,
): ChunkDifference {
  const available = new Map<string, ExistingChunk[]>();
  for (const chunk of existing) {
    // Parents are not indexed for text, so the configuration does not matter to them.
    if (chunk.level === 0 && chunk.textConfig !== textConfig) continue;
    const key = chunkKey(chunk);
    const sameText = available.get(key);
    if (sameText) sameText.push(chunk);
    else available.set(key, [chunk]);
  }
  const created: PreparedChunk[] = [];
  const kept: PreparedChunk[] = [];
  const parentIds: string[] = [];
  const keptIds = new Set<string>();
  for (const chunk of prepared) {
    const match = available.get(chunkKey(chunk))?.shift();
    const placed = match ? { ...chunk, chunkId: match.chunkId } : chunk;
    (match ? kept : created).push(placed);
    if (match) keptIds.add(match.chunkId);
    if (chunk.level > 0) parentIds[chunk.index] = placed.chunkId;
  }
  return { created, kept, removed: existing.filter((chunk) => !keptIds.has(chunk.chunkId)), parentIds };
}

function chunkKey(chunk: { level: number; contentHash: Buffer }): string {
  return `${chunk.level}:${chunk.contentHash.toString("base64")}`;
}
