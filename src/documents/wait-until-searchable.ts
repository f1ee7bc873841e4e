import { abortError } from "../domain/errors.ts";
import { countPendingJobs } from "../storage/embedding-jobs.ts";
import type { DocumentDeps } from "./add-documents.ts";

/** How often the database is asked while other processes may be embedding; jobs of this process end the wait at once. */
const pollMs = 250;

/**
 * Waits until no chunk of a document waits for its vector any more.
 *
 * @returns how many chunks have none all the same, since their embedding has failed for good.
 * @throws DeadlineExceededError or CancelledError when the signal aborts first.
 */
export async function waitUntilSearchable(
  deps: Pick<DocumentDeps, "database" | "jobsSettled">,
  document: { ownerId: string; documentId: string },
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    // Begins to listen before it looks, so that nothing that happens in between is missed.
    const waiting = new AbortController();
    const settled = deps.jobsSettled.wait(pollMs, AbortSignal.any([signal, waiting.signal]));
    try {
      const pending = await countPendingJobs(deps.database, document, signal);
      if (pending.waiting === 0) return pending.dead;
      await settled;
    } finally {
      waiting.abort();
    }
    if (signal.aborted) throw abortError(signal);
  }
}
