import { setTimeout as sleep } from "node:timers/promises";
import { abortError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { boundedFetch } from "../endpoint/bounded-fetch.ts";
import { readRetryAfterMs } from "../endpoint/retry-after.ts";

/** A receiver did not take an event. It has no cause, and neither address, body nor answer: each may hold a secret. */
export class DeliveryError extends Error {
  /** Whether the same request may succeed later. */
  readonly isTransient: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { readonly isTransient: boolean; readonly retryAfterMs?: number | undefined }) {
    super(message);
    this.name = "DeliveryError";
    this.isTransient = options.isTransient;
    this.retryAfterMs = options.retryAfterMs;
  }
}

const post = boundedFetch(limits.alertAnswerBytesMax);

/**
 * Posts JSON. What is limited (429), a failure of the receiver (5xx) or of the connection is tried again, after the time that the receiver
 * asks for or after 0.5 s, 1 s, 2 s.
 *
 * @throws DeliveryError if it was not taken, by the last attempt; the domain error of `signal` if that ended it.
 */
export async function deliver(url: string, body: unknown, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await postOnce(url, body, signal);
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      if (!(error instanceof DeliveryError) || !error.isTransient || attempt === limits.alertRequestAttempts) throw error;
      await pause(error.retryAfterMs ?? backoffMs(attempt), signal);
    }
  }
}

async function postOnce(url: string, body: unknown, signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(limits.alertRequestMs);
  let response: Response;
  try {
    response = await post(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      // The key is for the address of the settings alone.
      redirect: "manual",
      signal: AbortSignal.any([signal, timeout]),
    });
  } catch {
    const message = timeout.aborted ? `no answer within ${limits.alertRequestMs} ms` : "the receiver could not be reached";
    throw new DeliveryError(message, { isTransient: true });
  }
  if (response.ok) return;
  throw new DeliveryError(`the receiver answered with status ${response.status}`, {
    isTransient: response.status === 429 || response.status >= 500,
    retryAfterMs: readRetryAfterMs(response.headers, Date.now()),
  });
}

/** With up to a quarter more, so that several who failed together do not come again together. */
function backoffMs(attempt: number): number {
  return limits.alertBackoffFirstMs * 2 ** (attempt - 1) * (1 + Math.random() / 4);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw abortError(signal);
  }
}
