import type { OutgoingHttpHeaders } from "node:http";
import type { Http2ServerResponse } from "node:http2";

/**
 * Makes the messages of errors readable for grpc-js. The framework percent-encodes all that a URL would need, such as colons, but gRPC
 * only asks for what is not printable ASCII, and grpc-js leaves the rest of the escapes as they are.
 */
export function spellMessagesAsGrpc(response: Http2ServerResponse): void {
  const addTrailers = response.addTrailers.bind(response);
  response.addTrailers = (trailers: OutgoingHttpHeaders) => {
    const message = trailers["grpc-message"];
    addTrailers(typeof message === "string" ? { ...trailers, "grpc-message": unescapePrintable(message) } : trailers);
  };
}

/** Takes back the escapes of printable ASCII, apart from that of the percent sign itself. */
export function unescapePrintable(message: string): string {
  return message.replaceAll(/%([2-7][0-9A-F])/g, (escaped, hex: string) =>
    hex === "25" || hex === "7F" ? escaped : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
