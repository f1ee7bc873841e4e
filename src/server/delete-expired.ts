import { limits } from "../domain/limits.ts";
import type { SearchHistory } from "../search/search-history.ts";
import { deleteExpiredStreams } from "../storage/ingest-streams.ts";
import type { Resources } from "./open-resources.ts";

const intervalMs = 60 * 60 * 1_000;
const dayMs = 24 * 60 * 60 * 1_000;

/** Deletes what is kept for a while only, ingest streams and searches: now, and every hour until the function it gives is called. */
export async function startDeletingExpired(
  resources: Pick<Resources, "database" | "clock" | "logger">,
  history: SearchHistory,
): Promise<() => void> {
  const { database, clock, logger } = resources;
  const deleteStreams = () =>
    deleteExpiredStreams(database, new Date(clock.now().getTime() - limits.streamExpiryDays * dayMs)).catch((error: unknown) =>
      logger.warn({ err: error }, "expired ingest streams could not be deleted"),
    );
  const deleteAll = async () => {
    await deleteStreams();
    await history.sweep();
  };
  await deleteAll();
  const timer = setInterval(deleteAll, intervalMs);
  return () => clearInterval(timer);
}
