import { NotFoundError } from "../domain/errors.ts";
import { deleteDocument as deleteStoredDocument } from "../storage/delete-documents.ts";
import type { DocumentKey } from "../storage/read-documents.ts";
import type { DocumentDeps } from "./add-documents.ts";

/** @throws NotFoundError also if the document belongs to another owner. */
export async function deleteDocument(
  deps: Pick<DocumentDeps, "database" | "clock">,
  key: DocumentKey,
  signal: AbortSignal,
): Promise<{ documentId: string; chunksDeleted: number }> {
  const deleted = await deps.database.transaction((transaction) => deleteStoredDocument(transaction, key, deps.clock.now()), {
    signal,
  });
  if (!deleted) throw new NotFoundError("document", "documentId" in key ? key.documentId : key.idAtOrigin);
  return deleted;
}
