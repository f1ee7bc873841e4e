import { createHash, hash } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import type { TextChunker } from "../chunking/text-chunker.ts";
import { canonicalJson } from "../domain/canonical-json.ts";
import type { NewDocument } from "../domain/document.ts";
import { type Enrichment, noEnrichment } from "../domain/enrichment.ts";
import { InvalidInputError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import type { PreparedDocument } from "../storage/store-documents.ts";
import { textConfigFor } from "../storage/text-config.ts";
import { checkEmbedding } from "./check-embedding.ts";

/**
 * Computes all that storing a document needs, so that the transaction only writes.
 *
 * @param given the document's fingerprint, from `fingerprintOf`, and what is to be made beside its text: prefixes of the template and
 *   extracts also where the chat model is to write them, since that may be of no help.
 * @throws InvalidInputError if the text makes more chunks than one document may have, or does not fit the vectors that came with it.
 */
export async function prepareDocument(
  deps: { chunker: TextChunker; table: EmbeddingTable },
  document: NewDocument,
  given: { readonly fingerprint: Buffer; readonly enrichment: Enrichment },
  signal: AbortSignal,
): Promise<PreparedDocument> {
  const { content, documentName, documentType, documentDate, language: givenLanguage, chunking } = document;
  const { fingerprint, enrichment } = given;
  const { chunks, language } = await deps.chunker.chunk(
    {
      content,
      documentType,
      language: givenLanguage,
      options: chunking,
      prefixOf: enrichment.contextPrefix === "none" ? undefined : { documentName, documentDate },
      summarizes: enrichment.summary !== "none",
    },
    signal,
  );
  if (chunks.length > limits.documentChunksMax) {
    const description = `makes ${chunks.length} chunks, and a document may have ${limits.documentChunksMax}; divide it, or ask for larger chunks`;
    throw new InvalidInputError([{ field: "content", rule: "content.chunks", description }]);
  }
  const leafCount = chunks.reduce((count, chunk) => count + (chunk.level === 0 ? 1 : 0), 0);
  const vectors = document.embedding ? checkEmbedding(deps.table, document.embedding, leafCount) : [];
  return {
    document,
    documentId: uuidV7(),
    fingerprint,
    language,
    textConfig: textConfigFor(language),
    sizeBytes: Buffer.byteLength(content),
    // Parents come first, so that the ids that leaves refer to are known.
    chunks: [...chunks]
      .sort((left, right) => right.level - left.level)
      .map((chunk) => {
        const text = content.slice(chunk.utf16Start, chunk.utf16End);
        const contentHash = hash("sha256", text, "buffer");
        const embedding = chunk.level === 0 ? vectors[chunk.index] : undefined;
        return { ...chunk, chunkId: uuidV7(), content: text, contentHash, embedding };
      }),
    segments: segmentsOf(content),
  };
}

/**
 * SHA-256 of all that a client gives with a document, and of what is made beside its text: equal fingerprints mean that a re-add changes
 * nothing.
 *
 * @param chatModel the one that enriches documents, if there is one: another would write something else.
 */
export function fingerprintOf(document: NewDocument, enrichment: Enrichment = noEnrichment, chatModel?: string): Buffer {
  const { documentName, documentType, documentDate, metadata, language, chunking } = document;
  const facts = canonicalJson({
    documentName,
    documentType,
    documentDate: documentDate?.toISOString() ?? null,
    metadata,
    language: language ?? null,
    chunking: [chunking.strategy ?? null, chunking.chunkTokens ?? null, chunking.overlapTokens ?? null],
  });
  const fingerprint = createHash("sha256").update(facts).update("\0");
  // Encoded at once, a long text would take several times its size for a moment.
  for (const { content } of segmentsOf(document.content)) fingerprint.update(content);
  if (document.embedding) {
    const { modelId, vectors } = document.embedding;
    fingerprint.update("\0").update(modelId).update("\0");
    // The same in both forms.
    for (const numbers of vectors instanceof Uint8Array ? [vectors] : vectors) fingerprint.update(numbers);
  }
  const { contextPrefix, summary } = enrichment;
  if (contextPrefix !== "none" || summary !== "none") {
    const model = contextPrefix === "model" || summary === "model" ? (chatModel ?? null) : null;
    fingerprint.update("\0").update(canonicalJson({ contextPrefix, summary, model }));
  }
  return fingerprint.digest();
}

/** Cuts a text into segments of bounded size, never inside a character, with the code points before each. */
export function segmentsOf(content: string): { charStart: number; content: string }[] {
  // A UTF-16 unit is at most 3 bytes of UTF-8.
  const unitsMax = Math.floor(limits.contentSegmentBytesMax / 3);
  const segments: { charStart: number; content: string }[] = [];
  let charStart = 0;
  for (let start = 0; start < content.length; ) {
    let end = Math.min(content.length, start + unitsMax);
    if (end < content.length && isLowSurrogate(content.charCodeAt(end))) end--;
    const segment = content.slice(start, end);
    segments.push({ charStart, content: segment });
    charStart += codePointCount(segment);
    start = end;
  }
  return segments;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function codePointCount(text: string): number {
  let pairs = 0;
  for (let index = 0; index < text.length; index++) if (isLowSurrogate(text.charCodeAt(index))) pairs++;
  return text.length - pairs;
}
