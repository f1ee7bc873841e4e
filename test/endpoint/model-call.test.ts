import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { CancelledError, DeadlineExceededError } from "../../src/domain/errors.ts";
import { withinTime } from "../../src/endpoint/model-call.ts";

const never = new AbortController().signal;

/** Runs until its signal aborts. */
async function endless(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

describe("a call within a time", () => {
  it("gives what it gives, and fails as it fails", async () => {
    expect(await withinTime({ timeoutMs: 1_000, signal: never }, async () => 3)).toBe(3);
    const error = new Error("broken");
    await expect(withinTime({ timeoutMs: 1_000, signal: never }, () => Promise.reject(error))).rejects.toBe(error);
  });

  it("is ended when the time is over", async () => {
    await expect(withinTime({ timeoutMs: 20, signal: never }, endless)).rejects.toMatchObject({ failure: "timeout" });
  });

  it("ends with the caller's error where the caller ends it, at once where it has already", async () => {
    const deadline = AbortSignal.timeout(20);
    await expect(withinTime({ timeoutMs: 60_000, signal: deadline }, endless)).rejects.toThrow(DeadlineExceededError);
    let ran = false;
    const run = async () => {
      ran = true;
    };
    await expect(withinTime({ timeoutMs: 60_000, signal: AbortSignal.abort() }, run)).rejects.toThrow(CancelledError);
    expect(ran).toBe(false);
  });
});
