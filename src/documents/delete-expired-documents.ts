import { findOwnersWithExpired } from "../storage/delete-documents.ts";
import type { DocumentDeps } from "./add-documents.ts";
import { deleteDocuments } from "./delete-documents.ts";

/**
 * Deletes all documents that have expired, owner by owner in short transactions. An owner whose documents cannot be deleted now is left
 * for the next time.
 *
 * @returns how many were deleted.
 */
export async function deleteExpiredDocuments(
  deps: Pick<DocumentDeps, "database" | "clock" | "logger">,
  signal: AbortSignal,
): Promise<number> {
  const now = deps.clock.now();
  let deleted = 0;
  for (;;) {
    const before = deleted;
    for (const ownerId of await findOwnersWithExpired(deps.database, now, signal)) {
      try {
        deleted += (await deleteDocuments(deps, ownerId, { kind: "expired", now }, signal)).documents;
      } catch (error) {
        if (signal.aborted) throw error;
        deps.logger.warn({ err: error, owner_id: ownerId }, "expired documents could not be deleted");
      }
    }
    if (deleted === before) return deleted;
  }
}
