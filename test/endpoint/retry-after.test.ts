import { describe, expect, it } from "vitest";
import { readRetryAfterMs } from "../../src/endpoint/retry-after.ts";

const nowMs = Date.parse("2026-03-01T12:00:00Z");

describe("how long an answer asks to wait", () => {
  it.each([
    [{ "retry-after": "3" }, 3_000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after": "Sun, 01 Mar 2026 12:00:20 GMT" }, 20_000],
    [{ "retry-after": "Sun, 01 Mar 2026 11:00:00 GMT" }, 0],
    [{ "retry-after-ms": "120", "retry-after": "3" }, 120],
    [{ "retry-after-ms": "soon", "retry-after": "3" }, 3_000],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "-3" }, undefined],
    [{}, undefined],
  ])("is told by %j", (headers, expected) => {
    expect(readRetryAfterMs(new Headers(headers as Record<string, string>), nowMs)).toBe(expected);
  });
});
