import type { ChunkDraft } from "../domain/chunk.ts";
import { limits } from "../domain/limits.ts";
import { contextTemplate, type DocumentFacts, fitPrefix } from "./context-prefix.ts";
import { extractSummary } from "./extract-summary.ts";
import type { ChunkRequest } from "./text-chunker-protocol.ts";
import type { WordPieceTokenizer } from "./wordpiece-tokenizer.ts";

/**
 * Gives the leaves of a text the prefixes and summaries that were asked for. A prefix is shortened where the model would not take it with
 * the whole chunk: the chunk itself never is.
 */
export function enrichLeaves(
  tokenizer: WordPieceTokenizer,
  chunks: ChunkDraft[],
  document: Pick<ChunkRequest, "content" | "prefixOf" | "summarizes"> &
    Pick<DocumentFacts, "documentType" | "language"> & { readonly leafTokensMax: number },
): ChunkDraft[] {
  const { prefixOf, summarizes, content, leafTokensMax } = document;
  if (!prefixOf && !summarizes) return chunks;
  const prefix = prefixOf && contextTemplate({ ...document, ...prefixOf });
  return chunks.map((chunk) => {
    if (chunk.level > 0) return chunk;
    const contextPrefix = prefix && fitPrefix(tokenizer, prefix(chunk.metadata), leafTokensMax - chunk.tokenCount);
    const summary = summarizes
      ? extractSummary(tokenizer, content.slice(chunk.utf16Start, chunk.utf16End), limits.summaryTokensMax)
      : undefined;
    return { ...chunk, contextPrefix, summary };
  });
}
