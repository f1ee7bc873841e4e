import { describe, expect, it } from "vitest";
import { checkExpiry } from "../../src/domain/check-expiry.ts";

const now = new Date("2026-03-01T12:00:00Z");

describe("the time at which a document goes", () => {
  it.each([undefined, new Date(now.getTime() + 1), new Date("9999-12-31T23:59:59Z")])("may be %s", (expiresAt) => {
    expect(checkExpiry(expiresAt, now)).toEqual([]);
  });

  it.each([now, new Date(now.getTime() - 1), new Date("0001-01-01T00:00:00Z")])(
    "may not be %s, which is no longer ahead",
    (expiresAt) => {
      const [violation, ...others] = checkExpiry(expiresAt, now);
      expect(violation).toMatchObject({ field: "expires_at", rule: "expires_at.future" });
      expect(violation?.description).toContain("2026-03-01T12:00:00.000Z");
      expect(others).toEqual([]);
    },
  );
});
