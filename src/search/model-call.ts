import { abortError } from "../domain/errors.ts";

/**
 * Why a model gave no usable answer:
 * `timeout` not in time; `unreachable` no connection, or one that broke; `status` an HTTP error; `refused` the model would not say;
 * `invalid_answer` something other than what was asked for; `overloaded` too many calls wait; `unavailable` closed or crashed.
 */
export type ModelFailure = "timeout" | "unreachable" | "status" | "refused" | "invalid_answer" | "overloaded" | "unavailable";

/**
 * A model that searches ask was of no help. It never reaches a client, since every search goes on without its models. It has no cause: an
 * endpoint's own messages may quote the prompt or the key.
 */
export class ModelCallError extends Error {
  readonly failure: ModelFailure;
  /** The HTTP status, if there was one. */
  readonly status: number | undefined;

  constructor(failure: ModelFailure, message: string, status?: number) {
    super(message);
    this.name = "ModelCallError";
    this.failure = failure;
    this.status = status;
  }
}

/**
 * Runs a call that may take only so long.
 *
 * @param run MUST reject when its signal aborts.
 * @throws ModelCallError `timeout`, or the domain error of `signal` if that one ended the call: then nobody waits for the search any more.
 */
export async function withinTime<T>(
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw abortError(signal);
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await run(AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (timeout.aborted) throw new ModelCallError("timeout", `no answer within ${timeoutMs} ms`);
    throw error;
  }
}

/** For reading answers: whether a value is an object with properties. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
