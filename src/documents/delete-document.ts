import { NotFoundError } from "../domain/errors.ts";
import { type DocumentKey, deleteDocument as deleteStoredDocument } from "../storage/read-documents.ts";
import type { DocumentDeps } from "./add-documents.ts";

/** @throws NotFoundError also if the document belongs to another owner. */
export async function deleteDocument(
  deps: Pick<DocumentDeps, "database">,
  key: DocumentKey,
  signal: AbortSignal,
): Promise<{ documentId: string; chunksDeleted: number }> {
  const deleted = await deps.database.transaction((transaction) => deleteStoredDocument(transaction, key), { signal });
  if (!deleted) throw new NotFoundError("document", "documentId" in key ? key.documentId : key.idAtOrigin);
  return deleted;
}
