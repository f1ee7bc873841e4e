import { DependencyUnavailableError, DomainError } from "../domain/errors.ts";
import type { ModelCallError } from "../endpoint/model-call.ts";

/**
 * Why an endpoint gave no vectors:
 * `timeout` not in time; `unreachable` no connection, or one that broke; `rate_limited` too many requests or tokens, or no money left;
 * `server_error` its own fault; `misconfigured` it does not know the key, the model or the address; `refused` it does not take the texts;
 * `invalid_answer` something other than one vector for each text; `wrong_dimension` vectors of another length than the model's;
 * `resting` it is left alone after repeated failures; `closed` the provider is closed.
 */
export type EmbeddingFailure =
  | "timeout"
  | "unreachable"
  | "rate_limited"
  | "server_error"
  | "misconfigured"
  | "refused"
  | "invalid_answer"
  | "wrong_dimension"
  | "resting"
  | "closed";

export interface EmbeddingFailureFacts {
  readonly status?: number | undefined;
  /** The endpoint's word for it, such as `insufficient_quota`. */
  readonly code?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** An endpoint gave no vectors. It has no cause and none of the endpoint's own words, which may quote a text or the key. */
export class EmbeddingUnavailableError extends DependencyUnavailableError {
  readonly failure: EmbeddingFailure;
  readonly status: number | undefined;
  readonly code: string | undefined;
  /** Whether the endpoint itself said how long to wait, and `retryAfterMs` is that. */
  readonly asksToWait: boolean;

  constructor(failure: EmbeddingFailure, message: string, facts: EmbeddingFailureFacts = {}) {
    super("embeddings", message, facts.retryAfterMs === undefined ? {} : { retryAfterMs: facts.retryAfterMs });
    this.failure = failure;
    this.status = facts.status;
    this.code = facts.code;
    this.asksToWait = facts.retryAfterMs !== undefined;
  }
}

/** Why a call of any provider failed, as a label of metrics and a job's last error: lower case and `_`. */
export function failureReason(error: unknown): string {
  if (error instanceof EmbeddingUnavailableError) return error.failure;
  return error instanceof DomainError ? error.reason.toLowerCase() : "internal";
}

export function fromModelCall({ failure, message, status, code, retryAfterMs }: ModelCallError): EmbeddingUnavailableError {
  return new EmbeddingUnavailableError(failureOf(failure, status), `no embeddings: ${message}`, { status, code, retryAfterMs });
}

function failureOf(failure: ModelCallError["failure"], status = 0): EmbeddingFailure {
  switch (failure) {
    case "timeout":
    case "unreachable":
      return failure;
    case "status":
      if (status === 429) return "rate_limited";
      if ([400, 413, 422].includes(status)) return "refused";
      return status >= 500 || status === 408 || status === 409 || status === 425 ? "server_error" : "misconfigured";
    default:
      return "invalid_answer";
  }
}
