import { fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { encodeDuration } from "../../src/services/encode-duration.ts";

test.each([
  [0, "0s"],
  [0.0004, "0s"],
  [0.001, "0.000001s"],
  [1.5, "0.001500s"],
  [12.345_678, "0.012346s"],
  [999.999_9, "1s"],
  [1_000, "1s"],
  [61_234.567, "61.234567s"],
  [-3, "0s"],
])("%d ms are %s", (elapsedMs, expected) => {
  const duration = encodeDuration(elapsedMs);
  expect(toJson(DurationSchema, duration)).toBe(toJson(DurationSchema, fromJson(DurationSchema, expected)));
  expect(toBinary(DurationSchema, duration).length).toBeGreaterThanOrEqual(0);
});

test("every measured time can be sent: nanoseconds are whole and below a second", () => {
  for (let elapsedMs = 0; elapsedMs < 5_000; elapsedMs += 0.123_456_789) {
    const { nanos } = encodeDuration(elapsedMs);
    expect(Number.isInteger(nanos) && nanos >= 0 && nanos < 1e9).toBe(true);
  }
});
