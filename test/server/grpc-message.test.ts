import { expect, test } from "vitest";
import { unescapePrintable } from "../../src/server/grpc-message.ts";

test.each(['content: is empty; owner_id: "a/b" is none', "100 % of é and 😀", "tab\tnewline\n\u007f", "%3A is not a colon", ""])(
  "%j is spelt as gRPC asks, and any client reads it again",
  (message) => {
    const spelt = unescapePrintable(encodeURIComponent(message));
    expect(decodeURIComponent(spelt)).toBe(message);
    // The specification: all of printable ASCII but the percent sign stays as it is.
    expect(spelt).toMatch(/^([\x20-\x24\x26-\x7e]|%[0-9A-F]{2})*$/);
    expect(spelt.replaceAll(/%(25|[01][0-9A-F]|7F|[89A-F][0-9A-F])/g, "")).not.toContain("%");
  },
);
