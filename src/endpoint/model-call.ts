import { abortError } from "../domain/errors.ts";

/**
 * Why a model gave no usable answer:
 * `timeout` not in time; `unreachable` no connection, or one that broke; `status` an HTTP error; `refused` the model would not say;
 * `invalid_answer` something other than what was asked for; `overloaded` too many calls wait; `unavailable` closed or crashed.
 */
export type ModelFailure = "timeout" | "unreachable" | "status" | "refused" | "invalid_answer" | "overloaded" | "unavailable";

/** What an endpoint's error says beside its text, which is never kept. */
export interface EndpointErrorFacts {
  /** HTTP status. */
  readonly status?: number | undefined;
  /** The endpoint's word for the error, such as `insufficient_quota`; undefined unless it is lower-case letters and `_`. */
  readonly code?: string | undefined;
  /** The parameter that is at fault, written as a code is. */
  readonly param?: string | undefined;
  /** How long the endpoint asks to be left alone. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * A model was of no help. It has no cause, and none of the endpoint's own words: those may quote the prompt or the key.
 */
export class ModelCallError extends Error {
  readonly failure: ModelFailure;
  /** The HTTP status, if there was one. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(failure: ModelFailure, message: string, facts: EndpointErrorFacts = {}) {
    super(message);
    this.name = "ModelCallError";
    this.failure = failure;
    this.status = facts.status;
    this.code = facts.code;
    this.param = facts.param;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/**
 * Runs a call that may take only so long.
 *
 * @param run MUST reject when its signal aborts.
 * @throws ModelCallError `timeout`, or the domain error of `signal` if that one ended the call: then nobody waits for the answer any more.
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
