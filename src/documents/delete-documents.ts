import { limits } from "../domain/limits.ts";
import { countDocuments, type DocumentChoice, deleteDocuments as deleteStoredDocuments } from "../storage/delete-documents.ts";
import type { DocumentDeps } from "./add-documents.ts";

export interface DeletedDocuments {
  readonly documents: number;
  readonly chunks: number;
  /** Whether there was no time left for all of them. */
  readonly moreRemain: boolean;
}

/**
 * Deletes chosen documents of an owner in batches, each in a transaction of its own, for as long as there is time. What is deleted stays
 * deleted whatever happens next.
 *
 * @param timeLeftMs until the caller's deadline; undefined: there is none.
 */
export async function deleteDocuments(
  deps: Pick<DocumentDeps, "database">,
  ownerId: string,
  choice: DocumentChoice,
  signal: AbortSignal,
  timeLeftMs: () => number | undefined = () => undefined,
): Promise<DeletedDocuments> {
  let documents = 0;
  let chunks = 0;
  let after: string | undefined;
  do {
    const left = (timeLeftMs() ?? Number.POSITIVE_INFINITY) - limits.deadlineReserveMs;
    if (left <= 0) return { documents, chunks, moreRemain: true };
    // A batch that the deadline would cut is given up while the caller can still be told of those before.
    const late = Number.isFinite(left) ? AbortSignal.timeout(Math.floor(left)) : undefined;
    try {
      const batch = await deps.database.transaction((transaction) => deleteStoredDocuments(transaction, ownerId, choice, after), {
        signal: late ? AbortSignal.any([signal, late]) : signal,
      });
      documents += batch.documentIds.length;
      chunks += batch.chunks;
      after = batch.nextAfter;
    } catch (error) {
      if (!late?.aborted || signal.aborted) throw error;
      return { documents, chunks, moreRemain: true };
    }
  } while (after !== undefined);
  return { documents, chunks, moreRemain: false };
}

/** What `deleteDocuments` would delete now. */
export async function countDocumentsToDelete(
  deps: Pick<DocumentDeps, "database">,
  ownerId: string,
  choice: DocumentChoice,
  signal: AbortSignal,
): Promise<DeletedDocuments> {
  return { ...(await countDocuments(deps.database, ownerId, choice, signal)), moreRemain: false };
}
