import { describe, expect, it } from "vitest";
import {
  abortError,
  CancelledError,
  DeadlineExceededError,
  DependencyUnavailableError,
  InvalidInputError,
} from "../../src/domain/errors.ts";

describe("the error of an aborted signal", () => {
  it("is the deadline where time ran out", () => {
    expect(abortError(AbortSignal.abort(new DOMException("late", "TimeoutError")))).toBeInstanceOf(DeadlineExceededError);
  });

  it("is the cancellation where the caller went away", () => {
    expect(abortError(AbortSignal.abort())).toBeInstanceOf(CancelledError);
    expect(abortError(AbortSignal.abort("any reason"))).toBeInstanceOf(CancelledError);
  });

  it("is the domain's own error where one was given", () => {
    const reason = new DependencyUnavailableError("service", "the service stops");
    expect(abortError(AbortSignal.abort(reason))).toBe(reason);
  });
});

describe("an invalid input", () => {
  it("names all that is wrong in its message", () => {
    const error = new InvalidInputError([
      { field: "limit", rule: "int32.gte", description: "is 0" },
      { field: "owner_id", rule: "string.pattern", description: "has a space" },
    ]);
    expect(error.message).toBe("limit: is 0; owner_id: has a space");
  });
});
