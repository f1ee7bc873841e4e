/** Cuts a text into chunks: leaves, which are searched, and parents, which enclose them. */
import type { ChunkDraft, ChunkingOptions, ChunkingStrategy } from "../domain/chunk.ts";
import type { DocumentType } from "../domain/document.ts";
import { limits } from "../domain/limits.ts";
import { type ChunkSizes, chunkSizes } from "./chunk-sizes.ts";
import type { CutPreference } from "./cut-preference.ts";
import { cutWindows } from "./cut-windows.ts";
import { createCodePointCounter } from "./grapheme-boundaries.ts";
import { type GroupedLeaf, groupParents, type ParentRange } from "./group-parents.ts";
import { chatSections } from "./sections/chat-sections.ts";
import { codeSections } from "./sections/code-sections.ts";
import { emailSections } from "./sections/email-sections.ts";
import { markdownSections } from "./sections/markdown-sections.ts";
import type { Section } from "./sections/section.ts";
import type { WordPieceTokenizer } from "./wordpiece-tokenizer.ts";

export interface TextToChunk {
  readonly content: string;
  readonly documentType: DocumentType;
  readonly options: ChunkingOptions;
  /** What the embedding model takes, less its special tokens and its prefix: 508 for e5. */
  readonly leafTokensMax: number;
}

type Leaf = GroupedLeaf & Pick<Section, "metadata">;

const structureOfType: Partial<Record<DocumentType, (text: string) => Section[]>> = {
  chat: chatSections,
  markdown: markdownSections,
  code: codeSections,
  email: emailSections,
};

const preferenceOfStrategy: Readonly<Record<ChunkingStrategy, CutPreference>> = {
  hierarchical: "sentence",
  semantic: "paragraph",
  sliding_window: "sentence",
  fixed_size: "word",
};

/**
 * The parents in text order, then the leaves in text order. Leaves cover the whole text; each but the first of its section contains
 * text that no earlier leaf contains, and none exceeds `leafTokensMax` tokens or 16 characters for each token of its size. No chunk
 * breaks a grapheme, unless the grapheme alone exceeds these bounds.
 *
 * `hierarchical` (the default) follows the structure of chat, markdown, code and email and encloses leaves in parents; `semantic`
 * follows it too, ends leaves at paragraphs and makes no parents; `sliding_window` and `fixed_size` see only running text, with and
 * without overlap. A chat is cut into its messages by every strategy.
 *
 * @returns none for an empty text.
 */
export function chunkText(tokenizer: WordPieceTokenizer, input: TextToChunk): ChunkDraft[] {
  const { content, documentType, options } = input;
  if (content === "") return [];
  const strategy = options.strategy ?? "hierarchical";
  const textChars = createCodePointCounter(content)(content.length);
  const sizes = chunkSizes({ documentType, textChars, options, leafTokensMax: input.leafTokensMax });
  const leaves = cutSections(tokenizer, content, { sections: sectionsOf(content, documentType, strategy), sizes, strategy });
  const parents = strategy === "hierarchical" ? groupParents(tokenizer, content, leaves, parentMax(documentType, sizes)) : [];
  return toDrafts(content, leaves, parents);
}

function sectionsOf(content: string, documentType: DocumentType, strategy: ChunkingStrategy): Section[] {
  const isStructured = strategy === "hierarchical" || strategy === "semantic" || documentType === "chat";
  const structure = isStructured ? structureOfType[documentType] : undefined;
  return structure?.(content) ?? [{ start: 0, end: content.length, metadata: {}, group: 0 }];
}

function cutSections(
  tokenizer: WordPieceTokenizer,
  content: string,
  { sections, sizes, strategy }: { sections: readonly Section[]; sizes: ChunkSizes; strategy: ChunkingStrategy },
): Leaf[] {
  const leaves: Leaf[] = [];
  const settings = {
    tokensMax: sizes.leafTokens,
    charsMax: sizes.leafChars,
    overlapTokens: sizes.overlapTokens,
    preference: preferenceOfStrategy[strategy],
  };
  for (const section of sections) {
    for (const window of cutWindows(tokenizer, content, section, settings)) {
      leaves.push({ ...window, group: section.group, metadata: section.metadata });
    }
  }
  return leaves;
}

/** A chat's parents hold five messages, which the sizes of the table would often split. */
function parentMax(documentType: DocumentType, { parentTokens, leafTokens }: ChunkSizes): { tokens: number; units: number } {
  const tokens = documentType === "chat" ? Math.max(parentTokens, 5 * leafTokens) : parentTokens;
  return { tokens, units: tokens * limits.chunkCharsPerTokenMax };
}

function toDrafts(content: string, leaves: readonly Leaf[], parents: readonly ParentRange[]): ChunkDraft[] {
  const drafts: ChunkDraft[] = [];
  const parentOfLeaf = new Map<number, number>();
  const parentRanges = createRangeConverter(content);
  for (const [index, parent] of parents.entries()) {
    for (let leaf = parent.firstLeaf; leaf < parent.leafEnd; leaf += 1) parentOfLeaf.set(leaf, index);
    drafts.push({
      level: 1,
      index,
      parentIndex: undefined,
      ...parentRanges(parent),
      tokenCount: parent.tokenCount,
      metadata: {},
    });
  }
  const leafRanges = createRangeConverter(content);
  for (const [index, leaf] of leaves.entries()) {
    const { tokenCount, metadata } = leaf;
    drafts.push({ level: 0, index, parentIndex: parentOfLeaf.get(index), ...leafRanges(leaf), tokenCount, metadata });
  }
  return drafts;
}

/** Offsets of ranges in code points and UTF-16 units, for ranges whose starts ascend and whose ends ascend. */
function createRangeConverter(content: string) {
  const countToStart = createCodePointCounter(content);
  const countToEnd = createCodePointCounter(content);
  return ({ start, end }: { start: number; end: number }) => ({
    charStart: countToStart(start),
    charEnd: countToEnd(end),
    utf16Start: start,
    utf16End: end,
  });
}
