import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Wakeup } from "../../src/domain/wakeup.ts";

describe("a wakeup", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("wakes all who wait, and no timer is left", async () => {
    const wakeup = new Wakeup();
    const waiting = [wakeup.wait(1_000), wakeup.wait(2_000)];
    wakeup.notify();
    await Promise.all(waiting);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("remembers nothing: who comes after a notice waits for the next", async () => {
    const wakeup = new Wakeup();
    wakeup.notify();
    const woken = vi.fn();
    const waiting = wakeup.wait(1_000).then(woken);
    await vi.advanceTimersByTimeAsync(999);
    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
  });

  it("wakes when the signal aborts, or at once if it has", async () => {
    const wakeup = new Wakeup();
    const caller = new AbortController();
    const waiting = wakeup.wait(1_000, caller.signal);
    caller.abort();
    await waiting;
    await wakeup.wait(1_000, caller.signal);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("holds on to no signal after it has woken", async () => {
    const wakeup = new Wakeup();
    const caller = new AbortController();
    const removed = vi.spyOn(caller.signal, "removeEventListener");
    const waiting = wakeup.wait(1_000, caller.signal);
    wakeup.notify();
    await waiting;
    expect(removed).toHaveBeenCalledOnce();
  });

  it("lets someone who has woken wait again in the same turn", async () => {
    const wakeup = new Wakeup();
    let count = 0;
    const again = async () => {
      await wakeup.wait(10);
      count++;
      if (count < 3) await again();
    };
    const waiting = again();
    wakeup.notify();
    await vi.advanceTimersByTimeAsync(20);
    await waiting;
    expect(count).toBe(3);
  });

  it("counts, so that who looks before waiting knows what came in between", () => {
    const wakeup = new Wakeup();
    const before = wakeup.count;
    wakeup.notify();
    wakeup.wake();
    expect(wakeup.count).toBe(before + 2);
  });

  it("passes on its own notices, and not those of others", async () => {
    const wakeup = new Wakeup();
    const passOn = vi.fn();
    wakeup.passOn(passOn);
    const waiting = wakeup.wait(1_000);
    wakeup.wake();
    await waiting;
    expect(passOn).not.toHaveBeenCalled();
    wakeup.notify();
    expect(passOn).toHaveBeenCalledOnce();
  });
});
