import { expect, test } from "vitest";
import { describeLeaks } from "./leaks.ts";

test("names what there is more of than before", () => {
  const before = { PipeWrap: 3, TCPSocketWrap: 1 };
  expect(describeLeaks(before, { ...before, TCPSocketWrap: 3, Worker: 1 })).toBe("1 × worker thread, 2 × TCP connection");
});

test("is content if there is no more than before, or only what ends by itself", () => {
  expect(describeLeaks({ Timeout: 2 }, { Timeout: 1, FSReqCallback: 5 })).toBeUndefined();
});
