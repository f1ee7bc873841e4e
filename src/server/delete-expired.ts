import { deleteExpiredDocuments } from "../documents/delete-expired-documents.ts";
import { limits } from "../domain/limits.ts";
import type { SearchHistory } from "../search/search-history.ts";
import { deleteExpiredKeys } from "../storage/idempotency-keys.ts";
import { deleteExpiredStreams } from "../storage/ingest-streams.ts";
import type { Resources } from "./open-resources.ts";

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;

/**
 * Deletes what is kept for a while only: documents that have expired, now and every minute, since searches take a filter with them while
 * there are any; ingest streams, searches and idempotency keys, now and every hour. Until the function it gives is called, which waits for
 * the statement that is being run.
 */
export async function startDeletingExpired(
  resources: Pick<Resources, "database" | "clock" | "logger">,
  history: SearchHistory,
): Promise<() => Promise<void>> {
  const { database, clock, logger } = resources;
  const stopping = new AbortController();
  const { signal } = stopping;
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, `expired ${what} could not be deleted`);
    }
  };
  const ago = (ms: number) => new Date(clock.now().getTime() - ms);
  const deleteRecords = async () => {
    await attempt("ingest streams", () => deleteExpiredStreams(database, ago(limits.streamExpiryDays * dayMs), signal));
    await attempt("idempotency keys", () => deleteExpiredKeys(database, ago(limits.idempotencyKeyHours * hourMs), signal));
    await history.sweep();
  };
  // Many may have expired while nothing ran, so one sweep may take longer than a minute.
  let sweeping: Promise<void> | undefined;
  const deleteDocuments = () => {
    sweeping ??= attempt("documents", () => deleteExpiredDocuments(resources, signal)).finally(() => {
      sweeping = undefined;
    });
  };
  await deleteRecords();
  deleteDocuments();
  const timers = [setInterval(deleteRecords, hourMs), setInterval(deleteDocuments, limits.expirySweepMs)];
  return async () => {
    for (const timer of timers) clearInterval(timer);
    stopping.abort();
    await sweeping;
  };
}
