import { isDeepStrictEqual } from "node:util";
import { checkExpiry } from "../domain/check-expiry.ts";
import type { DocumentChanges, StoredDocument } from "../domain/document.ts";
import { ConflictError, InvalidInputError, NotFoundError } from "../domain/errors.ts";
import { touchOwners } from "../storage/owner-counters.ts";
import { type DocumentKey, lockDocument } from "../storage/read-documents.ts";
import { updateDocument as updateStoredDocument } from "../storage/update-documents.ts";
import type { DocumentDeps } from "./add-documents.ts";

export interface DocumentUpdate {
  readonly key: DocumentKey;
  readonly changes: DocumentChanges;
  /** The version that the document must have; undefined: any. */
  readonly expectedVersion: number | undefined;
}

/**
 * Changes facts of a document without its text. Where everything is as asked for already, nothing is written.
 *
 * @throws NotFoundError also if the document belongs to another owner.
 * @throws ConflictError with reason VERSION_MISMATCH if the document has another version than is expected.
 * @throws InvalidInputError if it would have expired already.
 */
export async function updateDocument(
  deps: Pick<DocumentDeps, "database" | "clock">,
  { key, changes, expectedVersion }: DocumentUpdate,
  signal: AbortSignal,
): Promise<StoredDocument> {
  const now = deps.clock.now();
  const violations = checkExpiry(changes.expiresAt, now);
  if (violations.length > 0) throw new InvalidInputError(violations);
  return await deps.database.transaction(
    async (transaction) => {
      const document = await lockDocument(transaction, key, now);
      if (!document) throw new NotFoundError("document", "documentId" in key ? key.documentId : key.idAtOrigin);
      if (expectedVersion !== undefined && expectedVersion !== document.version) throw versionMismatch(document, expectedVersion);
      const differing = differencesFrom(document, changes);
      if (Object.keys(differing).length === 0) return document;
      const updated = await updateStoredDocument(transaction, document, differing, now);
      await touchOwners(transaction, [key.ownerId]);
      return updated;
    },
    { signal },
  );
}

function differencesFrom(document: StoredDocument, changes: DocumentChanges): DocumentChanges {
  const differing = Object.entries(changes).filter(
    ([name, value]) => !isDeepStrictEqual(value, document[name as keyof DocumentChanges]),
  );
  return Object.fromEntries(differing);
}

function versionMismatch({ documentId, version }: StoredDocument, expectedVersion: number): ConflictError {
  const message = `document "${documentId}" has version ${version}, not ${expectedVersion}: it was changed meanwhile; read it again, then decide`;
  return new ConflictError("VERSION_MISMATCH", message, {
    details: { document_id: documentId, version: String(version), expected_version: String(expectedVersion) },
  });
}
