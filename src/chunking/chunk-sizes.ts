/** How large chunks are, by the document's type and length and by what the client asks for. */
import type { ChunkingOptions, ChunkingStrategy } from "../domain/chunk.ts";
import type { DocumentType } from "../domain/document.ts";
import { limits } from "../domain/limits.ts";

export interface ChunkSizes {
  /** Tokens of a parent, at most, unless it has too few leaves to be one without them. */
  readonly parentTokens: number;
  /** Tokens of a leaf, at most. */
  readonly leafTokens: number;
  /** Code points of a leaf, at most. */
  readonly leafChars: number;
  /** Tokens that a leaf may repeat from the leaf before it. */
  readonly overlapTokens: number;
}

interface TypeSizes {
  readonly parent: number;
  readonly leaf: number;
  readonly overlap: number;
}

// The numbers are llmemory 0.5.0's, whose users know them. Its overlap between parents is dropped: parents are only context here. Nor are
// the sizes halved for texts below 1,000 characters: whole Cranfield abstracts are found better than their halves (nDCG@10 .395, .400).
const sizesOfProse: TypeSizes = { parent: 600, leaf: 300, overlap: 25 };
const sizesOfDense: TypeSizes = { parent: 800, leaf: 400, overlap: 30 };
const sizesByType: Readonly<Record<DocumentType, TypeSizes>> = {
  email: { parent: 300, leaf: 150, overlap: 15 },
  chat: { parent: 200, leaf: 100, overlap: 10 },
  presentation: { parent: 400, leaf: 200, overlap: 15 },
  legal_document: { parent: 500, leaf: 250, overlap: 20 },
  text: sizesOfProse,
  markdown: sizesOfProse,
  html: sizesOfProse,
  report: sizesOfProse,
  business_report: sizesOfProse,
  unknown: sizesOfProse,
  docx: { parent: 700, leaf: 350, overlap: 25 },
  code: sizesOfDense,
  technical_doc: sizesOfDense,
  pdf: sizesOfDense,
};

const longTextChars = 50_000;
const parentTokensOfLongMax = 1_200;
const leafTokensOfLongMax = 500;

// Without an overlap of its own a strategy cuts text into disjoint ranges.
const strategiesWithOverlap: readonly ChunkingStrategy[] = ["hierarchical", "sliding_window"];

/**
 * Sizes for a text: by type, enlarged above 50,000 characters, and overridden by the client's own.
 *
 * @param leafTokensMax what the embedding model takes; no leaf is larger, whatever is asked for.
 */
export function chunkSizes(input: {
  readonly documentType: DocumentType;
  readonly textChars: number;
  readonly options: ChunkingOptions;
  readonly leafTokensMax: number;
}): ChunkSizes {
  const { options, leafTokensMax } = input;
  const byLength = sizesForLength(sizesByType[input.documentType], input.textChars);
  const leafTokens = Math.max(1, Math.min(options.chunkTokens ?? byLength.leaf, leafTokensMax));
  const strategy = options.strategy ?? "hierarchical";
  const overlapDefault = strategiesWithOverlap.includes(strategy) ? byLength.overlap : 0;
  return {
    parentTokens: options.chunkTokens === undefined ? byLength.parent : 2 * leafTokens,
    leafTokens,
    leafChars: leafTokens * limits.chunkCharsPerTokenMax,
    // At least half of a leaf is new text, so that a small chunk with a large overlap does not multiply the document.
    overlapTokens: Math.min(options.overlapTokens ?? overlapDefault, Math.floor(leafTokens / 2)),
  };
}

function sizesForLength(sizes: TypeSizes, textChars: number): TypeSizes {
  if (textChars > longTextChars) {
    return {
      // In tenths, since 1.2 × 350 is not exact in binary.
      parent: Math.min(Math.floor((sizes.parent * 15) / 10), parentTokensOfLongMax),
      leaf: Math.min(Math.floor((sizes.leaf * 12) / 10), leafTokensOfLongMax),
      overlap: sizes.overlap,
    };
  }
  return sizes;
}
