import { describe, expect, it } from "vitest";
import { messageOf } from "../../src/domain/message-of.ts";

describe("the message of what was thrown", () => {
  it.each<[unknown, string]>([
    [new TypeError("no such thing"), "no such thing"],
    ["a text", "a text"],
    [undefined, "undefined"],
    [{ code: 7 }, "[object Object]"],
  ])("of %o is %o", (thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });
});
