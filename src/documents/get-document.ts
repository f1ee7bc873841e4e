import type { StoredDocument } from "../domain/document.ts";
import { NotFoundError } from "../domain/errors.ts";
import { type DocumentKey, findDocument, readChunks, readContent, type StoredChunk } from "../storage/read-documents.ts";
import type { DocumentDeps } from "./add-documents.ts";

/** A document with what was asked for of it, all of one moment. */
export interface FoundDocument {
  readonly document: StoredDocument;
  /** Parents before leaves, each by index; parents with their text cut from the content. */
  readonly chunks: readonly (StoredChunk & { readonly content: string })[];
  readonly content: string | undefined;
}

/** @throws NotFoundError also if the document belongs to another owner. */
export async function getDocument(
  deps: Pick<DocumentDeps, "database" | "table">,
  key: DocumentKey,
  include: { chunks: boolean; content: boolean; embeddings: boolean },
  signal: AbortSignal,
): Promise<FoundDocument> {
  return await deps.database.transaction(
    async (transaction) => {
      const document = await findDocument(transaction, key);
      if (!document) throw new NotFoundError("document", "documentId" in key ? key.documentId : key.idAtOrigin);
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

/** Parents are stored as ranges alone; their text is cut from the document's. */
function withContents(chunks: readonly StoredChunk[], content: string): (StoredChunk & { content: string })[] {
  const codePoints = chunks.some((chunk) => chunk.content === undefined) ? Array.from(content) : [];
  return chunks.map((chunk) => ({
    ...chunk,
    content: chunk.content ?? codePoints.slice(chunk.charStart, chunk.charEnd).join(""),
  }));
}
