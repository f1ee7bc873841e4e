import { test } from "vitest";

test("leaves a timer behind", () => {
  setInterval(() => {}, 1_000);
});
