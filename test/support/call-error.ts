import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { Status } from "#gen/google/rpc/status_pb.js";

/** What a test asserts of an error, whichever client received it. */
export interface CallErrorFacts {
  /** gRPC's name, such as `INVALID_ARGUMENT`. */
  readonly code: string;
  /** Machine-readable; empty: the error has none. */
  readonly reason: string;
  /** Fields that are at fault, sorted. */
  readonly fields: readonly string[];
  readonly message: string;
}

/** The error of a call that must fail. */
export async function errorOf(call: Promise<unknown>): Promise<CallErrorFacts> {
  let reply: unknown;
  try {
    reply = await call;
  } catch (error) {
    return factsOf(error);
  }
  const keys = typeof reply === "object" && reply !== null ? Object.keys(reply).join(", ") : String(reply);
  throw new Error(`the call should have failed, but was answered (${keys})`);
}

/** The facts of what a client of connect threw. */
export function factsOf(error: unknown): CallErrorFacts {
  const connectError = ConnectError.from(error);
  const violations = connectError.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  return {
    code: codeName(connectError.code),
    reason: connectError.findDetails(ErrorInfoSchema)[0]?.reason ?? "",
    fields: violations.map(({ field }) => field).toSorted(),
    message: connectError.rawMessage,
  };
}

/** The facts of an error that came as a message: inside a reply, or in the trailers of gRPC. */
export function statusFacts(status: Status | undefined): CallErrorFacts {
  const details = status?.details ?? [];
  const violations = details.flatMap((detail) => anyUnpack(detail, BadRequestSchema)?.fieldViolations ?? []);
  const reasons = details.flatMap((detail) => anyUnpack(detail, ErrorInfoSchema)?.reason ?? []);
  return {
    code: codeName(status?.code ?? 0),
    reason: reasons[0] ?? "",
    fields: violations.map(({ field }) => field).toSorted(),
    message: status?.message ?? "",
  };
}

/** Connect spells CANCELLED with one l. */
export function codeName(code: number): string {
  if (code === Code.Canceled) return "CANCELLED";
  return (Code[code] ?? String(code)).replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
}
