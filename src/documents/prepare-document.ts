import { createHash } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import type { TextChunker } from "../chunking/text-chunker.ts";
import { canonicalJson } from "../domain/canonical-json.ts";
import type { NewDocument } from "../domain/document.ts";
import { InvalidInputError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { PreparedDocument } from "../storage/store-documents.ts";
import { textConfigFor } from "../storage/text-config.ts";

/**
 * Computes all that storing a document needs, so that the transaction only writes.
 *
 * @param fingerprint the document's, from `fingerprintOf`.
 * @throws InvalidInputError if the text makes more chunks than one document may have.
 */
export async function prepareDocument(
  deps: { chunker: TextChunker },
  document: NewDocument,
  fingerprint: Buffer,
  signal: AbortSignal,
): Promise<PreparedDocument> {
  const { content, documentType, language: givenLanguage, chunking } = document;
  const { chunks, language } = await deps.chunker.chunk(
    { content, documentType, language: givenLanguage, options: chunking },
    signal,
  );
  if (chunks.length > limits.documentChunksMax) {
    const description = `makes ${chunks.length} chunks, and a document may have ${limits.documentChunksMax}; divide it, or ask for larger chunks`;
    throw new InvalidInputError([{ field: "content", rule: "content.chunks", description }]);
  }
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
        return { ...chunk, chunkId: uuidV7(), content: text, contentHash: createHash("sha256").update(text).digest() };
      }),
    segments: segmentsOf(content),
  };
}

/** SHA-256 of all that a client gives with a document: equal fingerprints mean that a re-add changes nothing. */
export function fingerprintOf(document: NewDocument): Buffer {
  const { documentName, documentType, documentDate, metadata, language, chunking } = document;
  const facts = canonicalJson({
    documentName,
    documentType,
    documentDate: documentDate?.toISOString() ?? null,
    metadata,
    language: language ?? null,
    chunking: [chunking.strategy ?? null, chunking.chunkTokens ?? null, chunking.overlapTokens ?? null],
  });
  return createHash("sha256").update(facts).update("\0").update(document.content).digest();
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
