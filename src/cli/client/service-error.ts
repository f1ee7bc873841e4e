import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import type { BadRequest, ErrorInfo, RetryInfo } from "#gen/google/rpc/error_details_pb.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { Status } from "#gen/google/rpc/status_pb.js";
import { type ExitCode, exitCodes } from "../exit-codes.ts";

/** An error of the service in plain form, for people and as JSON. */
export interface ServiceErrorDescription {
  /** gRPC's name, such as `INVALID_ARGUMENT`. */
  readonly code: string;
  readonly message: string;
  /** Machine-readable, such as `INVALID_INPUT`. */
  readonly reason?: string;
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
  /** When trying again makes sense. */
  readonly retryAfterMs?: number;
}

/** Describes what a call threw. */
export function describeServiceError(error: ConnectError): ServiceErrorDescription {
  return describe({
    code: error.code,
    message: error.rawMessage,
    badRequest: error.findDetails(BadRequestSchema)[0],
    errorInfo: error.findDetails(ErrorInfoSchema)[0],
    retryInfo: error.findDetails(RetryInfoSchema)[0],
  });
}

/** Describes an error that came inside a reply, such as a failed item of a stream. */
export function describeStatus(status: Status): ServiceErrorDescription {
  const find = <T>(unpack: (detail: Status["details"][number]) => T | undefined) =>
    status.details.map(unpack).find((detail) => detail !== undefined);
  return describe({
    code: status.code,
    message: status.message,
    badRequest: find((detail) => anyUnpack(detail, BadRequestSchema)),
    errorInfo: find((detail) => anyUnpack(detail, ErrorInfoSchema)),
    retryInfo: find((detail) => anyUnpack(detail, RetryInfoSchema)),
  });
}

/** Whether the service itself gave this error, and not the connection to it. */
export function isFromService(error: ConnectError): boolean {
  return error.metadata.has("grpc-status");
}

/** Whether the same call may succeed a moment later: the connection broke, or the service is restarting or full. */
export function isTransient(error: ConnectError): boolean {
  if (error.code === Code.Unavailable) return true;
  // The service says when to come back; without that, the same call will never fit.
  if (error.code === Code.ResourceExhausted) return !isFromService(error) || error.findDetails(RetryInfoSchema).length > 0;
  // A connection that breaks shows as one of these, depending on the moment; given by the service they are final.
  const brokenConnection = [Code.Canceled, Code.Aborted, Code.Internal, Code.Unknown, Code.DeadlineExceeded];
  return !isFromService(error) && brokenConnection.includes(error.code);
}

/** The exit code for what a call threw. */
export function exitCodeOf(error: ConnectError): ExitCode {
  if (error.code === Code.NotFound) return exitCodes.notFound;
  if (error.code === Code.InvalidArgument) return exitCodes.usage;
  if (error.code === Code.Unavailable || error.code === Code.DeadlineExceeded) return exitCodes.unavailable;
  return isTransient(error) && !isFromService(error) ? exitCodes.unavailable : exitCodes.failed;
}

interface Parts {
  readonly code: number;
  readonly message: string;
  readonly badRequest: BadRequest | undefined;
  readonly errorInfo: ErrorInfo | undefined;
  readonly retryInfo: RetryInfo | undefined;
}

function describe(parts: Parts): ServiceErrorDescription {
  const delay = parts.retryInfo?.retryDelay;
  const violations = parts.badRequest?.fieldViolations ?? [];
  return {
    code: codeName(parts.code),
    message: parts.message,
    ...(parts.errorInfo ? { reason: parts.errorInfo.reason } : {}),
    ...(violations.length > 0 ? { violations: violations.map(({ field, description }) => ({ field, description })) } : {}),
    ...(delay ? { retryAfterMs: Number(delay.seconds) * 1_000 + Math.round(delay.nanos / 1e6) } : {}),
  };
}

function codeName(code: number): string {
  // Connect spells it with one l, gRPC with two.
  if (code === Code.Canceled) return "CANCELLED";
  const name: string | undefined = Code[code];
  return name === undefined ? String(code) : name.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
}
