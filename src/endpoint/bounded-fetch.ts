/**
 * A fetch that reads the whole body before it returns, up to a size: the caller's signal then covers the body too, and an endpoint that
 * never stops sending cannot fill the memory.
 */
export function boundedFetch(bodyBytesMax: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const { status, statusText, headers } = response;
    if (response.body === null) return response;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    // Leaving the loop cancels the body and closes the connection.
    for await (const part of response.body) {
      bytes += part.byteLength;
      if (bytes > bodyBytesMax) throw new Error(`the answer is longer than ${bodyBytesMax} bytes`);
      parts.push(part);
    }
    return new Response(Buffer.concat(parts), { status, statusText, headers });
  };
}
