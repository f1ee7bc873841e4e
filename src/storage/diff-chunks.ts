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
  /** Of a leaf: its words as PostgreSQL sends a tsvector, if they were made ahead. */
  readonly wordVector?: Buffer | undefined;
  /** Of a leaf whose vector the client gave: of unit length. Undefined: kept chunks keep theirs, new ones get a job. */
  readonly embedding?: Float32Array | undefined;
  /** Of a leaf: where it belongs; goes in front of the content when that is embedded. */
  readonly contextPrefix?: string | undefined;
  /** The chat model that wrote it; undefined: none did. */
  readonly contextModel?: string | undefined;
  /** Of a leaf: what it says in short. */
  readonly summary?: string | undefined;
  /** The chat model that wrote that. */
  readonly summaryModel?: string | undefined;
}

/** A chunk that stays, under the id that it has. */
export interface KeptChunk extends PreparedChunk {
  /** Whether it had a context prefix before. */
  readonly hadPrefix: boolean;
  /** Whether its vector is of another text than is embedded now, since its context prefix has changed. */
  readonly isReembedded: boolean;
}

/** What the comparison needs of a chunk that is stored already. */
export interface ExistingChunk {
  readonly chunkId: string;
  readonly level: number;
  readonly contentHash: Buffer;
  readonly textConfig: string | null;
  readonly tokenCount: number;
  readonly contextPrefix: string | undefined;
}

export interface ChunkDifference {
  /** Chunks to insert. */
  readonly created: readonly PreparedChunk[];
  /** Chunks that stay, under the id that they have, with their new place in the text. */
  readonly kept: readonly KeptChunk[];
  readonly removed: readonly ExistingChunk[];
  /** Ids of the new text's parents by their index. */
  readonly parentIds: readonly string[];
}

/**
 * Tells which chunks of a document stay. A chunk stays if one with the same text, level and text search configuration is stored;
 * each stored chunk serves once, so a text that occurs twice keeps two. A context prefix does not decide, but is preferred to stay, too.
 */
export function diffChunks(
  existing: readonly ExistingChunk[],
  prepared: readonly PreparedChunk[],
  textConfig: string,
): ChunkDifference {
  const matches = matchChunks(existing, prepared, textConfig);
  const created: PreparedChunk[] = [];
  const kept: KeptChunk[] = [];
  const parentIds: string[] = [];
  const keptIds = new Set<string>();
  for (const chunk of prepared) {
    const match = matches.get(chunk);
    const placed = match ? { ...chunk, chunkId: match.chunkId } : chunk;
    if (match) {
      const isReembedded = match.contextPrefix !== chunk.contextPrefix && chunk.embedding === undefined;
      kept.push({ ...placed, hadPrefix: match.contextPrefix !== undefined, isReembedded });
      keptIds.add(match.chunkId);
    } else created.push(placed);
    if (chunk.level > 0) parentIds[chunk.index] = placed.chunkId;
  }
  return { created, kept, removed: existing.filter((chunk) => !keptIds.has(chunk.chunkId)), parentIds };
}

/** Stored chunks by the new ones that they become: first where the context prefix is the same, too, so that few are embedded again. */
function matchChunks(
  existing: readonly ExistingChunk[],
  prepared: readonly PreparedChunk[],
  textConfig: string,
): Map<PreparedChunk, ExistingChunk> {
  const matches = new Map<PreparedChunk, ExistingChunk>();
  // Parents are not indexed for text, so the configuration does not matter to them.
  let available = existing.filter((chunk) => chunk.level > 0 || chunk.textConfig === textConfig);
  for (const keyOf of [prefixedKey, chunkKey]) {
    const byKey = Map.groupBy(available, keyOf);
    for (const chunk of prepared) {
      if (matches.has(chunk)) continue;
      const match = byKey.get(keyOf(chunk))?.shift();
      if (match) matches.set(chunk, match);
    }
    available = [...byKey.values()].flat();
    if (available.length === 0) break;
  }
  return matches;
}

type ChunkText = Pick<PreparedChunk, "level" | "contentHash" | "contextPrefix">;

function prefixedKey(chunk: ChunkText): string {
  return `${chunkKey(chunk)}:${chunk.contextPrefix ?? ""}`;
}

function chunkKey(chunk: ChunkText): string {
  return `${chunk.level}:${chunk.contentHash.toString("base64")}`;
}
