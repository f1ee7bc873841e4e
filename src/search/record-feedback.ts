import type { Clock } from "../domain/clock.ts";
import { InvalidInputError, NotFoundError, PreconditionError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import { Wakeup } from "../domain/wakeup.ts";
import type { Database } from "../storage/database.ts";
import { type Feedback, storeFeedback } from "../storage/search-feedback.ts";
import { findSearch } from "../storage/search-history.ts";
import type { SearchHistory } from "./search-history.ts";

export interface FeedbackDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly history: SearchHistory;
}

export interface SearchFeedback {
  readonly ownerId: string;
  /** UUIDs in lower case, here and in `feedback`. */
  readonly searchId: string;
  /** Of two on one chunk the last counts. */
  readonly feedback: readonly Feedback[];
}

/**
 * Stores what a user says of results of a search; it replaces what was said of the same results before.
 *
 * @throws NotFoundError if the search is not in the owner's history, or there no longer; PreconditionError SEARCH_HISTORY_OFF if no
 *         searches are remembered; InvalidInputError for each chunk that was not among the results.
 */
export async function recordFeedback(deps: FeedbackDeps, given: SearchFeedback, signal: AbortSignal): Promise<void> {
  if (!deps.history.isOn) {
    const message = "searches are not remembered here, so there is nothing to give feedback on; set LLMEMORY_SEARCH_HISTORY_DAYS";
    throw new PreconditionError("SEARCH_HISTORY_OFF", message);
  }
  if (deps.history.holds(given.searchId)) await untilAborted(deps.history.flush(), signal);
  if (await store(deps, given, signal)) return;
  await waitForOthers(deps, given.searchId, signal);
  if (!(await store(deps, given, signal))) throw new NotFoundError("search", given.searchId);
}

/** False if the search is not there. */
async function store(deps: FeedbackDeps, given: SearchFeedback, signal: AbortSignal): Promise<boolean> {
  const latest = new Map(given.feedback.map((feedback) => [feedback.chunkId, feedback]));
  return await deps.database.transaction(
    async (transaction) => {
      const search = await findSearch(transaction, given, { lock: true });
      if (!search) return false;
      const results = new Set(search.chunkIds);
      const violations = given.feedback.flatMap(({ chunkId }, index) => {
        if (results.has(chunkId)) return [];
        const description = `"${chunkId}" is not among the results of search "${given.searchId}"`;
        return [{ field: `feedback[${index}].chunk_id`, rule: "feedback.chunk_id", description }];
      });
      if (violations.length > 0) throw new InvalidInputError(violations);
      await storeFeedback(transaction, search, [...latest.values()], deps.clock.now());
      return true;
    },
    { signal },
  );
}

/** Another process may have answered the search and not have written it yet: waits until one as young as that must be there. */
async function waitForOthers(deps: FeedbackDeps, searchId: string, signal: AbortSignal): Promise<void> {
  const startedMs = timeOf(searchId);
  if (startedMs === undefined) return;
  const ageMs = deps.clock.now().getTime() - startedMs;
  const patienceMs = 2 * limits.searchHistoryFlushMs;
  if (ageMs >= 0 && ageMs < patienceMs) await new Wakeup().wait(patienceMs - ageMs, signal);
}

/** When an id was made, if it tells: version 7 begins with 48 bits of milliseconds (RFC 9562 section 5.7). */
function timeOf(uuid: string): number | undefined {
  return uuid.charAt(14) === "7" ? Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16) : undefined;
}
