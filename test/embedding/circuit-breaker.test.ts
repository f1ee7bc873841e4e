import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CircuitBreaker } from "../../src/embedding/circuit-breaker.ts";

let breaker: CircuitBreaker;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  breaker = new CircuitBreaker({ failuresMax: 3, restMs: 1_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function call(outcome: "success" | "failure" | undefined): void {
  expect(breaker.enter()).toBe(0);
  breaker.settle(outcome);
}

function open(): void {
  for (let failure = 0; failure < 3; failure++) call("failure");
}

describe("a circuit breaker", () => {
  it("opens after failures in a row, and says how long to wait", () => {
    open();
    expect(breaker.enter()).toBe(1_000);
    vi.advanceTimersByTime(400);
    expect(breaker.enter()).toBe(600);
  });

  it("stays closed where a success comes between, and where calls say nothing", () => {
    for (let round = 0; round < 5; round++) {
      call("failure");
      call("failure");
      call("success");
    }
    for (let round = 0; round < 5; round++) call(undefined);
    expect(breaker.enter()).toBe(0);
  });

  it("lets one call try after its rest, sends the others away meanwhile, and closes if that succeeds", () => {
    open();
    vi.advanceTimersByTime(1_000);
    expect(breaker.enter()).toBe(0);
    expect(breaker.enter()).toBeGreaterThan(0);
    breaker.settle("success");
    expect([breaker.enter(), breaker.enter()]).toEqual([0, 0]);
  });

  it("rests again if the trial fails", () => {
    open();
    vi.advanceTimersByTime(1_000);
    call("failure");
    expect(breaker.enter()).toBe(1_000);
  });

  it("takes a trial that was aborted for neither: the next call is the trial", () => {
    open();
    vi.advanceTimersByTime(1_000);
    call(undefined);
    expect(breaker.enter()).toBe(0);
    expect(breaker.enter()).toBeGreaterThan(0);
  });
});
