import { describe, expect, it } from "vitest";
import { formatAddress, isLoopbackHost, parseListenAddress } from "../../src/config/listen-address.ts";

describe("an address to listen on", () => {
  it.each([
    { text: "127.0.0.1:50051", host: "127.0.0.1", port: 50_051 },
    { text: "localhost:0", host: "localhost", port: 0 },
    { text: "[::1]:65535", host: "::1", port: 65_535 },
    { text: "[::ffff:127.0.0.1]:80", host: "::ffff:127.0.0.1", port: 80 },
    { text: "my-host.example:8080", host: "my-host.example", port: 8_080 },
  ])("$text is read and written alike", ({ text, host, port }) => {
    expect(parseListenAddress(text)).toEqual({ host, port });
    expect(formatAddress({ host, port })).toBe(text);
  });

  it.each(["", ":80", "host", "host:", "host:port", "::1:80", "host:99999", "host:-1", "[::1]", "a:b:80", "http://host:80"])(
    "is refused: %j",
    (text) => {
      expect(() => parseListenAddress(text)).toThrow("it must be host:port, such as 127.0.0.1:50051");
    },
  );
});

describe("loopback", () => {
  it.each(["127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"])(
    "holds %s",
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  it.each(["0.0.0.0", "::", "128.0.0.1", "10.0.0.1", "::ffff:10.0.0.1", "localhost.example.org", "myhost", ""])(
    "does not hold %j",
    (host) => {
      expect(isLoopbackHost(host)).toBe(false);
    },
  );
});
