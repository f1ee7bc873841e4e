import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CancelledError } from "../../src/domain/errors.ts";
import { RateLimiter, type RateLimits } from "../../src/embedding/rate-limiter.ts";

const never = new AbortController().signal;
const minuteMs = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function limiterOf(limits: Partial<RateLimits>): RateLimiter {
  return new RateLimiter({ requestsPerMinute: undefined, tokensPerMinute: undefined, ...limits });
}

/** Asks for many requests at once, and notes when each may go. */
function ask(limiter: RateLimiter, count: number, tokens: number, purpose: "query" | "document" = "document") {
  const admittedAtMs: number[] = [];
  for (let request = 0; request < count; request++) {
    const admission = { purpose, tokens, waitMaxMs: Number.POSITIVE_INFINITY };
    void limiter.admit(admission, never).then(() => admittedAtMs.push(performance.now()));
  }
  return admittedAtMs;
}

/** The most that came within any minute. */
function busiestMinute(atMs: readonly number[]): number {
  return Math.max(...atMs.map((start) => atMs.filter((time) => time >= start && time < start + minuteMs).length));
}

describe("a rate limiter", () => {
  it("lets everything through at once where there is no limit", async () => {
    const limiter = limiterOf({});
    const admitted = ask(limiter, 1_000, 1_000_000);
    await vi.advanceTimersByTimeAsync(0);
    expect(admitted).toHaveLength(1_000);
    expect(limiter.tokensAtOnceMax).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([3, 10, 60, 600])("never exceeds %i requests in a minute, and is not idle either", async (requestsPerMinute) => {
    const admitted = ask(limiterOf({ requestsPerMinute }), 3 * requestsPerMinute, 1);
    await vi.advanceTimersByTimeAsync(2 * minuteMs);
    expect(busiestMinute(admitted)).toBeLessThanOrEqual(requestsPerMinute);
    expect(admitted.length).toBeGreaterThanOrEqual(requestsPerMinute);
  });

  it("never exceeds the tokens of a minute", async () => {
    const admitted = ask(limiterOf({ tokensPerMinute: 12_000 }), 100, 500);
    await vi.advanceTimersByTimeAsync(2 * minuteMs);
    expect(500 * busiestMinute(admitted)).toBeLessThanOrEqual(12_000);
    expect(500 * admitted.length).toBeGreaterThan(16_000);
  });

  it("lets a text through that is larger than the bucket, and saves up for it afterwards", async () => {
    const admitted = ask(limiterOf({ tokensPerMinute: 12_000 }), 10, 3_000);
    await vi.advanceTimersByTimeAsync(3 * minuteMs);
    expect(admitted[0]).toBe(performance.now() - 3 * minuteMs);
    expect(3_000 * busiestMinute(admitted)).toBeLessThanOrEqual(12_000 + 3_000);
    expect(admitted.length).toBeGreaterThanOrEqual(9);
  });

  it("puts a query before all documents that wait, and keeps some of the budget for it", async () => {
    const limiter = limiterOf({ requestsPerMinute: 120 });
    const documents = ask(limiter, 100, 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(documents.length).toBeLessThan(10);
    const queries = ask(limiter, 2, 1, "query");
    await vi.advanceTimersByTimeAsync(0);
    expect(queries).toHaveLength(2);
  });

  it("corrects its estimate by what was used", async () => {
    const limiter = limiterOf({ tokensPerMinute: 12_000 });
    const first = ask(limiter, 1, 1_000, "query");
    await vi.advanceTimersByTimeAsync(0);
    expect(first).toHaveLength(1);
    limiter.settle(1_000, 100);
    const second = ask(limiter, 1, 900, "query");
    await vi.advanceTimersByTimeAsync(0);
    expect(second).toHaveLength(1);
    limiter.settle(900, 4_000);
    const third = ask(limiter, 1, 1, "query");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(third).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(third).toHaveLength(1);
  });

  it("sends nothing during a pause, and at once refuses whoever cannot wait that long", async () => {
    const limiter = limiterOf({});
    limiter.pause(10_000);
    const documents = ask(limiter, 3, 1);
    const query = limiter.admit({ purpose: "query", tokens: 1, waitMaxMs: 2_000 }, never);
    await expect(query).rejects.toMatchObject({ failure: "rate_limited", retryAfterMs: 10_000 });
    await vi.advanceTimersByTimeAsync(9_999);
    expect(documents).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(documents).toHaveLength(3);
  });

  it("refuses those that wait already when a pause comes that is too long for them", async () => {
    const limiter = limiterOf({ requestsPerMinute: 60 });
    ask(limiter, 5, 1, "query");
    const document = limiter.admit({ purpose: "document", tokens: 1, waitMaxMs: 30_000 }, never);
    const refused = expect(document).rejects.toMatchObject({ failure: "rate_limited" });
    limiter.pause(3_600_000);
    await refused;
  });

  it("refuses a query that the budget would let wait too long, not a document", async () => {
    const limiter = limiterOf({ requestsPerMinute: 3 });
    const documents = ask(limiter, 2, 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(documents).toHaveLength(1);
    const query = limiter.admit({ purpose: "query", tokens: 1, waitMaxMs: 2_000 }, never);
    await expect(query).rejects.toMatchObject({ failure: "rate_limited" });
    await vi.advanceTimersByTimeAsync(minuteMs);
    expect(documents).toHaveLength(2);
  });

  it("forgets a request whose caller has gone, and lets the next one go", async () => {
    const limiter = limiterOf({ requestsPerMinute: 3 });
    ask(limiter, 1, 1);
    const caller = new AbortController();
    const gone = limiter.admit({ purpose: "document", tokens: 1, waitMaxMs: minuteMs }, caller.signal);
    const next = ask(limiter, 1, 1);
    caller.abort();
    await expect(gone).rejects.toThrow(CancelledError);
    await vi.advanceTimersByTimeAsync(minuteMs / 2);
    expect(next).toHaveLength(1);
    await expect(limiter.admit({ purpose: "query", tokens: 1, waitMaxMs: 1 }, caller.signal)).rejects.toThrow(CancelledError);
    expect(vi.getTimerCount()).toBe(0);
  });
});
