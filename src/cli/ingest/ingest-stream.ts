import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { describeServiceError, isFromService, isTransient } from "../client/service-error.ts";
import { UserError } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { IngestConnection, type IngestEvents, type IngestStream } from "./ingest-connection.ts";

/** With the delays below about half a minute without progress: longer than a restart of the service takes. */
const attemptsMax = 10;
const firstDelayMs = 250;
const delayMsMax = 5_000;
/** A service that drains asks for seconds; whatever it asks for, the wait stays bounded. */
const drainDelayMsMax = 60_000;

export interface StreamEvents extends IngestEvents {
  /** The connection was lost, or the service asked to come back later. */
  onReconnect(delayMs: number): void;
}

export interface IngestDependencies {
  readonly memory: Client<typeof MemoryService>;
  /** Waits; rejects when the signal is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Runs an ingest stream until every document is durable or refused, over as many connections as that takes. It gives up when the
 * service cannot be reached at first, refuses the stream, or makes no progress over several connections.
 *
 * @returns the position at which the stream began: 0 unless an earlier run had brought it further.
 */
export async function runIngestStream(
  deps: IngestDependencies,
  stream: IngestStream,
  events: StreamEvents,
  signal: AbortSignal,
): Promise<{ readonly resumedAt: number }> {
  let resumedAt: number | undefined;
  let furthest = -1;
  let attempts = 0;
  for (;;) {
    signal.throwIfAborted();
    const connection = new IngestConnection(stream, events, signal);
    let delayMs: number | undefined;
    let problem: unknown;
    try {
      const end = await connection.run(deps.memory);
      if (end?.kind === "complete") return { resumedAt: resumedAt ?? connection.startedAt ?? 0 };
      if (end?.kind === "drained") delayMs = Math.min(end.retryAfterMs, drainDelayMsMax);
    } catch (error) {
      signal.throwIfAborted();
      const neverConnected = resumedAt === undefined && connection.startedAt === undefined && !isServiceBusy(error);
      if (neverConnected || !canGoOn(error)) throw explained(error);
      problem = error;
    }
    resumedAt ??= connection.startedAt;
    const reached = connection.durableUpTo ?? -1;
    attempts = reached > furthest ? 1 : attempts + 1;
    furthest = Math.max(furthest, reached);
    if (attempts > attemptsMax)
      throw problem ?? new UserError("the service ended the stream again and again without saying why", exitCodes.unavailable);
    delayMs ??= backoffMs(attempts);
    events.onReconnect(delayMs);
    await deps.sleep(delayMs, signal);
  }
}

/** Doubles from attempt to attempt; up to half of it is by chance, so that many clients do not come back at once. */
function backoffMs(attempt: number): number {
  const delayMs = Math.min(delayMsMax, firstDelayMs * 2 ** (attempt - 1));
  return delayMs * (0.5 + Math.random() / 2);
}

/** Whether opening the stream again may help; of too many failures the next connection acknowledges the first thing. */
function canGoOn(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  return isTransient(error) || describeServiceError(error).reason === "UNACKNOWLEDGED_FAILURES";
}

function isServiceBusy(error: unknown): boolean {
  return error instanceof ConnectError && isFromService(error) && isTransient(error);
}

/** A stream has one client at a time: the service ends the older connection with ABORTED. */
function explained(error: unknown): unknown {
  if (!(error instanceof ConnectError) || error.code !== Code.Aborted || !isFromService(error)) return error;
  const message = `another llmemory ingests the same folder and has taken over (${error.rawMessage})`;
  return new UserError(message, exitCodes.failed, { cause: error });
}
