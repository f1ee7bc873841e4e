import type { StoredDocument } from "../domain/document.ts";
import { LimitExceededError, NotFoundError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { StoredChunk } from "../storage/chunk-rows.ts";
import { type DocumentKey, findDocument, readChunks, readContent } from "../storage/read-documents.ts";
import type { DocumentDeps } from "./add-documents.ts";

/** A document with what was asked for of it, all of one moment. */
export interface FoundDocument {
  readonly document: StoredDocument;
  /** Parents before leaves, each by index; parents with their text cut from the content. */
  readonly chunks: readonly (StoredChunk & { readonly content: string })[];
  readonly content: string | undefined;
}

/**
 * @throws NotFoundError also if the document belongs to another owner.
 * @throws LimitExceededError if the content was asked for, as such or in chunks, and alone is larger than a reply.
 */
export async function getDocument(
  deps: Pick<DocumentDeps, "database" | "table" | "clock">,
  key: DocumentKey,
  include: { chunks: boolean; content: boolean; embeddings: boolean },
  signal: AbortSignal,
): Promise<FoundDocument> {
  return await deps.database.transaction(
    async (transaction) => {
      const document = await findDocument(transaction, key, deps.clock.now());
      if (!document) throw new NotFoundError("document", "documentId" in key ? key.documentId : key.idAtOrigin);
      // Leaves cover the whole text, so neither needs to be loaded to be refused.
      if ((include.content || include.chunks) && document.sizeBytes > limits.replyBytesMax) throw replyTooLarge();
      const chunks = include.chunks
        ? await readChunks(transaction, document, { embeddingsOf: include.embeddings ? deps.table : undefined })
        : [];
      const hasParents = chunks.some((chunk) => chunk.content === undefined);
      const content = include.content || hasParents ? await readContent(transaction, document) : undefined;
      return {
        document,
        chunks: withContents(chunks, content ?? ""),
        content: include.content ? content : undefined,
      };
    },
    { signal, snapshot: true },
  );
}

/** The error for a document that one reply cannot hold. */
export function replyTooLarge(): LimitExceededError {
  const message = `the reply would be larger than the ${limits.replyBytesMax} bytes that are sent at most; ReadDocument streams a content of any length, and GetChunks returns chunks page by page`;
  return new LimitExceededError("REPLY_TOO_LARGE", message);
}

/** Parents are stored as ranges alone; their text is cut from the document's. */
function withContents(chunks: readonly StoredChunk[], content: string): (StoredChunk & { content: string })[] {
  const codePoints = chunks.some((chunk) => chunk.content === undefined) ? Array.from(content) : [];
  return chunks.map((chunk) => ({
    ...chunk,
    content: chunk.content ?? codePoints.slice(chunk.charStart, chunk.charEnd).join(""),
  }));
}
