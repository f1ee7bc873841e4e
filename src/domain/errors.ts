/**
 * The closed set of errors that any layer may throw. They are translated to gRPC once, at the edge
 * (`interceptors/error-translation.ts`); a message names what, which and what to do, and never holds content.
 */

/** One thing wrong with one field, addressed as in the proto (`documents[3].content`). */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
  /** Machine-readable rule, such as `string.max_len` or `content.nul`. */
  readonly rule: string;
}

export abstract class DomainError extends Error {
  /** UPPER_SNAKE_CASE, stable: clients branch on it. */
  abstract readonly reason: string;
  /** Facts for programs: ids and numbers, never content. */
  readonly details: Readonly<Record<string, string>>;

  constructor(message: string, options: { details?: Record<string, string>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = this.constructor.name;
    this.details = options.details ?? {};
  }
}

/** The request itself is wrong; repeating it unchanged cannot succeed. All violations are given at once. */
export class InvalidInputError extends DomainError {
  readonly reason = "INVALID_INPUT";
  readonly violations: readonly FieldViolation[];

  constructor(violations: readonly FieldViolation[]) {
    super(violations.map((violation) => `${violation.field}: ${violation.description}`).join("; "));
    this.violations = violations;
  }
}

/** The thing does not exist, or belongs to another owner: callers cannot tell which. */
export class NotFoundError extends DomainError {
  readonly reason = "NOT_FOUND";
  readonly resourceType: string;
  readonly resourceName: string;

  constructor(resourceType: string, resourceName: string) {
    super(`${resourceType} "${resourceName}" was not found`);
    this.resourceType = resourceType;
    this.resourceName = resourceName;
  }
}

/** The state of the service forbids the request until somebody changes that state. */
export class PreconditionError extends DomainError {
  readonly reason: string;

  constructor(reason: string, message: string, options: { details?: Record<string, string>; cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}

/** Another writer won; the whole request may be repeated. */
export class ConflictError extends DomainError {
  readonly reason: string;

  constructor(reason: string, message: string, options: { details?: Record<string, string>; cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}

/** A bound of the service was reached; try again after the delay, or, if there is none, ask for less. */
export class LimitExceededError extends DomainError {
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** `service`: this process itself, while it stops. */
export type Dependency = "database" | "embeddings" | "service";

/** The database or the embedder cannot be reached, or the service stops; try again after the delay. */
export class DependencyUnavailableError extends DomainError {
  readonly reason = "DEPENDENCY_UNAVAILABLE";
  readonly dependency: Dependency;
  readonly retryAfterMs: number;

  constructor(dependency: Dependency, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { details: { dependency }, cause: options.cause });
    this.dependency = dependency;
    this.retryAfterMs = options.retryAfterMs ?? 1_000;
  }
}

/** The caller's deadline has passed. What was committed before it stays. */
export class DeadlineExceededError extends DomainError {
  readonly reason = "DEADLINE_EXCEEDED";
}

/** The caller has gone away. */
export class CancelledError extends DomainError {
  readonly reason = "CANCELLED";
}

/** The caller may not do this. */
export class PermissionDeniedError extends DomainError {
  readonly reason = "PERMISSION_DENIED";
}

/** The service cannot start with these settings, this model file or this database; for the operator, never for a client. */
export class StartupError extends DomainError {
  readonly reason = "STARTUP_FAILED";
}

/** The reason an aborted signal gives: a deadline or a caller that went away. */
export function abortError(signal: AbortSignal): DomainError {
  const reason: unknown = signal.reason;
  if (reason instanceof DomainError) return reason;
  const timedOut = reason instanceof Error && reason.name === "TimeoutError";
  return timedOut
    ? new DeadlineExceededError("the deadline has passed", { cause: reason })
    : new CancelledError("the request was cancelled", { cause: reason });
}
