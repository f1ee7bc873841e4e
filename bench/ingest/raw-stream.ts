import { connect } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { type IngestDocumentsResponse, IngestDocumentsResponseSchema } from "#gen/llmemory/v1/memory_service_pb.js";

/** A message behind the five bytes that gRPC puts before each: not compressed, and its length. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

/**
 * Sends an ingest stream whose messages are encoded already, as a client on another machine would have done, and keeps to its window.
 *
 * @param frames the first opens the stream, the others are its items in order.
 * @returns milliseconds until everything was durable.
 */
export async function sendStream(address: string, frames: readonly Buffer[]): Promise<number> {
  const started = performance.now();
  const session = connect(`http://${address}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/llmemory.v1.MemoryService/IngestDocuments",
    "content-type": "application/grpc+proto",
    te: "trailers",
  });
  let status: string | undefined;
  stream.on("trailers", (trailers) => {
    status = `${trailers["grpc-status"]} ${trailers["grpc-message"] ?? ""}`;
  });
  const [open = Buffer.alloc(0), ...items] = frames;
  stream.write(open);
  const window = { items: 0, bytes: 0 };
  let durable = 0;
  let sent = 0;
  let bytesInFlight = 0;
  const send = () => {
    while (sent < items.length) {
      const next = items[sent];
      const isOpen = sent === durable || (sent - durable < window.items && bytesInFlight + (next?.length ?? 0) <= window.bytes);
      if (next === undefined || !isOpen || stream.writableNeedDrain) return;
      stream.write(next);
      bytesInFlight += next.length;
      sent++;
    }
    if (durable === items.length) stream.end();
  };
  stream.on("drain", send);
  let durableMs = Number.NaN;
  for await (const { message } of readReplies(stream)) {
    if (message.case === "durable") {
      const { upToSequence, failures } = message.value;
      if (failures[0]) throw new Error(`item ${failures[0].sequence} was refused: ${failures[0].error?.message}`);
      for (; durable < Number(upToSequence); durable++) bytesInFlight -= items[durable]?.length ?? 0;
      if (durable === items.length) durableMs = performance.now() - started;
    } else if (message.case === "window") {
      window.items = message.value.items;
      window.bytes = Number(message.value.bytes);
    } else if (message.case === "drain") throw new Error("the service stops");
    send();
  }
  session.close();
  if (durable < items.length || !status?.startsWith("0 "))
    throw new Error(`the stream ended at ${durable} with status ${status}`);
  return durableMs;
}

async function* readReplies(stream: AsyncIterable<Buffer>): AsyncGenerator<IngestDocumentsResponse> {
  let rest = Buffer.alloc(0);
  for await (const piece of stream) {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      yield fromBinary(IngestDocumentsResponseSchema, rest.subarray(5, end));
      rest = rest.subarray(end);
    }
  }
}
