import { DatabaseError } from "pg";
import { abortError, ConflictError, DeadlineExceededError, DependencyUnavailableError, DomainError } from "../domain/errors.ts";

/**
 * SQLSTATE classes and codes that mean something to callers (PostgreSQL manual, appendix A). The code decides, never the message.
 */
/** 55P03: what locks a table gives up rather than let everybody queue behind it, and tries again. */
const retryableCodes = new Set(["40001", "40P01", "55P03"]);
const unavailableCodes = new Set(["57P01", "57P02", "57P03", "57P04", "53300", "58030"]);
const diskFullCodes = new Set(["53100", "53200"]);
const queryCanceledCode = "57014";
const connectionExceptionClass = "08";

export function isRetryable(error: unknown): boolean {
  return error instanceof ConflictError && error.reason === "CONCURRENT_WRITE";
}

/** Whether a statement named a table that does not exist, or no longer does. */
export function isMissingTable(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "42P01";
}

/** A label for metrics: the SQLSTATE class, or `connection` where the server did not answer. */
export function errorType(error: unknown): string {
  return error instanceof DatabaseError && error.code ? error.code.slice(0, 2) : "connection";
}

/**
 * The domain's word for what the driver threw. Errors that show a mistake of ours, such as a syntax error, are returned as they
 * are: they become INTERNAL at the edge.
 */
export function translateDatabaseError(error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof DomainError) return error;
  if (signal?.aborted) return abortError(signal);
  if (!(error instanceof DatabaseError) || error.code === undefined) {
    return new DependencyUnavailableError("database", "the database cannot be reached", { cause: error });
  }
  const { code } = error;
  if (retryableCodes.has(code))
    return new ConflictError("CONCURRENT_WRITE", "another writer was faster; repeat the request", { cause: error });
  if (code === queryCanceledCode)
    return new DeadlineExceededError("the database took longer than a statement may", { cause: error });
  if (diskFullCodes.has(code)) {
    return new DependencyUnavailableError("database", "the database has no space left", { retryAfterMs: 30_000, cause: error });
  }
  if (code.startsWith(connectionExceptionClass) || unavailableCodes.has(code)) {
    return new DependencyUnavailableError("database", "the database is not available", { cause: error });
  }
  return error;
}
