import { limits } from "../domain/limits.ts";

/** What one probe found. */
export interface CheckResult {
  readonly status: "healthy" | "unhealthy";
  readonly responseTimeMs: number;
  /** A sentence for operators, without secrets or content; undefined if healthy. */
  readonly error: string | undefined;
}

/** Runs one probe within its timeout. */
export async function check(run: (signal: AbortSignal) => Promise<void>): Promise<CheckResult> {
  const started = performance.now();
  const elapsedMs = () => Math.round((performance.now() - started) * 100) / 100;
  const timeout = AbortSignal.timeout(limits.probeTimeoutMs);
  // The race ends the wait even if what runs does not look at the signal.
  const expired = new Promise<never>((_, reject) =>
    timeout.addEventListener("abort", () => reject(timeout.reason), { once: true }),
  );
  try {
    await Promise.race([run(timeout), expired]);
    return { status: "healthy", responseTimeMs: elapsedMs(), error: undefined };
  } catch (error) {
    const message = timeout.aborted
      ? `no answer within ${limits.probeTimeoutMs} ms`
      : error instanceof Error
        ? error.message
        : String(error);
    return { status: "unhealthy", responseTimeMs: elapsedMs(), error: message };
  }
}
