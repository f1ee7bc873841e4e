import { traceHeaders } from "../observability/tracing.ts";

/**
 * A fetch that reads the whole body before it returns, up to a size: the caller's signal then covers the body too, and an endpoint that
 * never stops sending cannot fill the memory. What the endpoint does belongs to the trace of the request that asks.
 */
export function boundedFetch(bodyBytesMax: number): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    for (const [name, value] of Object.entries(traceHeaders())) headers.set(name, value);
    const response = await fetch(input, { ...init, headers });
    const { status, statusText } = response;
    if (response.body === null) return response;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    // Leaving the loop cancels the body and closes the connection.
    for await (const part of response.body) {
      bytes += part.byteLength;
      if (bytes > bodyBytesMax) throw new Error(`the answer is longer than ${bodyBytesMax} bytes`);
      parts.push(part);
    }
    return new Response(Buffer.concat(parts), { status, statusText, headers: response.headers });
  };
}
