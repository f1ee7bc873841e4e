import { abortError } from "../domain/errors.ts";
import { countPendingJobs } from "../storage/embedding-jobs.ts";
import type { DocumentDeps } from "./add-documents.ts";

/** How often the database is asked while other processes may be embedding; jobs of this process end the wait at once. */
const pollMs = 250;

/**
 * Waits until no chunk of the documents waits for its vector any more.
 *
 * @returns for each document how many chunks have none all the same, since their embedding has failed for good.
 * @throws DeadlineExceededError or CancelledError when the signal aborts first.
 */
export async function waitUntilSearchable(
  deps: Pick<DocumentDeps, "database" | "jobsSettled">,
  documents: readonly { readonly ownerId: string; readonly documentId: string }[],
  signal: AbortSignal,
): Promise<number[]> {
  const dead = documents.map(() => 0);
  let remaining = [...documents.keys()];
  if (remaining.length === 0) return dead;
  for (;;) {
    // Begins to listen before it looks, so that nothing that happens in between is missed.
    const waiting = new AbortController();
    const settled = deps.jobsSettled.wait(pollMs, AbortSignal.any([signal, waiting.signal]));
    try {
      const asked = remaining.flatMap((index) => documents[index] ?? []);
      const pending = await countPendingJobs(deps.database, asked, signal);
      remaining = remaining.filter((index, place) => {
        dead[index] = pending[place]?.dead ?? 0;
        return (pending[place]?.waiting ?? 0) > 0;
      });
      if (remaining.length === 0) return dead;
      await settled;
    } finally {
      waiting.abort();
    }
    if (signal.aborted) throw abortError(signal);
  }
}
