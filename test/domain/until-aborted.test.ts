import { expect, it } from "vitest";
import { CancelledError, DeadlineExceededError } from "../../src/domain/errors.ts";
import { untilAborted } from "../../src/domain/until-aborted.ts";

it("gives what the promise gives", async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
  await expect(untilAborted(Promise.reject(new RangeError("no")), signal)).rejects.toThrow(RangeError);
});

it("ends the wait at an abort, with its reason", async () => {
  const controller = new AbortController();
  const waiting = untilAborted(new Promise(() => {}), controller.signal);
  controller.abort();
  await expect(waiting).rejects.toThrow(CancelledError);
  const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
  await expect(untilAborted(new Promise(() => {}), late)).rejects.toThrow(DeadlineExceededError);
});
