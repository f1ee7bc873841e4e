import { expect, test } from "vitest";
import { cutText } from "../../src/domain/cut-text.ts";

test.each([
  ["a text that fits stays", "tea", 3, "tea"],
  ["a longer one ends with an ellipsis", "green tea", 8, "green…"],
  ["no character is halved", "😀😀😀", 11, "😀😀…"],
  ["nor kept where it does not fit", "😀😀😀", 10, "😀…"],
])("%s", (_name, text, bytesMax, expected) => {
  expect(cutText(text, bytesMax)).toBe(expected);
  expect(Buffer.byteLength(cutText(text, bytesMax))).toBeLessThanOrEqual(bytesMax);
});
