import { abortError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { messageOf } from "../domain/message-of.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import type { AlertCheck } from "./alert-channel.ts";

/** How the service is asked. Both reject if it does not answer as it should, with an error whose message holds no content. */
export interface ServiceProbes {
  /** One search, of the owner that belongs to the checks. */
  search(signal: AbortSignal): Promise<void>;
  /** Chunks of all owners that wait for their embedding. */
  embeddingQueueSize(signal: AbortSignal): Promise<number>;
}

export interface AlertThresholds {
  readonly searchMs: number;
  readonly queueSize: number;
}

/** What one check has found. What could not be found out is missing, and neither wrong nor right. */
export interface Finding {
  readonly check: AlertCheck;
  readonly isWrong: boolean;
  readonly details: string;
}

/**
 * Asks the service once. It is wrong if a search takes longer than the threshold, if more chunks wait than the threshold says, or if either
 * question is not answered in time.
 *
 * @throws the domain error of `signal` if that ended it.
 */
export async function checkService(
  probes: ServiceProbes,
  { searchMs, queueSize }: AlertThresholds,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const timeoutMs = Math.max(limits.alertProbeMs, 2 * searchMs);
  const failures: string[] = [];
  const ask = async <T>(what: string, question: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    const timeout = new AbortController();
    // AbortSignal.timeout would not keep the process alive, and a connection to a service that hangs does not, either.
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const either = AbortSignal.any([signal, timeout.signal]);
    try {
      return await untilAborted(question(either), either);
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      const isLate = timeout.signal.aborted;
      const why = isLate ? `no answer within ${timeoutMs} ms` : messageOf(error);
      failures.push(`${what}: ${why}`);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };

  // One after the other, so that counting a long queue does not slow down the search that is timed.
  const tookMs = await ask("search", async (inTime) => {
    const started = performance.now();
    await probes.search(inTime);
    return performance.now() - started;
  });
  const size = await ask("embedding queue", probes.embeddingQueueSize);
  return [
    ...(tookMs === undefined ? [] : [latencyFinding(tookMs, searchMs)]),
    ...(size === undefined ? [] : [queueFinding(size, queueSize)]),
    { check: "health_check", isWrong: failures.length > 0, details: failures.join("; ") || "the service answers" },
  ];
}

function latencyFinding(tookMs: number, searchMs: number): Finding {
  const details = `Search latency: ${(tookMs / 1_000).toFixed(2)}s; the threshold is ${searchMs / 1_000}s`;
  return { check: "search_latency", isWrong: tookMs > searchMs, details };
}

function queueFinding(size: number, queueSize: number): Finding {
  return {
    check: "embedding_queue",
    isWrong: size > queueSize,
    details: `Queue size: ${size}; the threshold is ${queueSize}`,
  };
}
