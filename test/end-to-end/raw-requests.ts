import { connect, constants } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { type CallErrorFacts, codeName, statusFacts } from "../support/call-error.ts";
import type { ServiceAddresses } from "../support/service.ts";

/** What no well-behaved client would send, over gRPC: one message of these bytes. Gives the status in the trailers. */
export async function grpcRaw(service: ServiceAddresses, method: string, message: Uint8Array): Promise<CallErrorFacts> {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const session = connect(`http://${service.grpcAddress}`, { maxSessionMemory: 64 });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    session.on("error", reject);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: `/llmemory.v1.${method}`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", reject);
    const fields: Record<string, unknown> = {};
    // gRPC may send its status with the headers if there is nothing else.
    stream.on("response", (headers) => Object.assign(fields, headers));
    stream.on("trailers", (trailers) => Object.assign(fields, trailers));
    stream.on("end", () => resolve(fields));
    stream.resume();
    stream.end(Buffer.concat([head, message]));
    return trailerFacts(await promise);
  } finally {
    session.destroy();
  }
}

function trailerFacts(trailers: Readonly<Record<string, unknown>>): CallErrorFacts {
  const details = trailers["grpc-status-details-bin"];
  const facts = statusFacts(typeof details === "string" ? fromBinary(StatusSchema, Buffer.from(details, "base64")) : undefined);
  const message = decodeURIComponent(String(trailers["grpc-message"] ?? ""));
  return { ...facts, code: codeName(Number(trailers["grpc-status"])), message };
}

export interface ConnectError {
  readonly httpStatus: number;
  readonly code: string;
  readonly message: string;
  readonly violations: readonly { readonly field: string; readonly description: string }[];
}

/** The same over Connect and HTTP/1.1, with a body of any kind. Gives the error in the reply; throws if there is none. */
export async function connectRaw(
  service: ServiceAddresses,
  method: string,
  request: { readonly contentType: string; readonly body: Uint8Array<ArrayBuffer> | string },
): Promise<ConnectError> {
  const response = await fetch(`http://${service.httpAddress}/llmemory.v1.${method}`, {
    method: "POST",
    headers: { "content-type": request.contentType },
    body: request.body,
  });
  if (response.ok) throw new Error(`the call should have failed: ${await response.text()}`);
  const { code, message, details = [] } = (await response.json()) as ErrorJson;
  const violations = details.flatMap(({ debug }) => debug?.fieldViolations ?? []);
  return { httpStatus: response.status, code, message, violations };
}

interface ErrorJson {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly { readonly debug?: { readonly fieldViolations?: ConnectError["violations"] } }[];
}
