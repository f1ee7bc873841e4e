import { create, createRegistry, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { anyPack, durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "#gen/google/rpc/status_pb.js";
import { cutText } from "../domain/cut-text.ts";
import {
  CancelledError,
  ConflictError,
  DeadlineExceededError,
  DependencyUnavailableError,
  DomainError,
  InvalidInputError,
  LimitExceededError,
  NotFoundError,
  PermissionDeniedError,
  PreconditionError,
  StartupError,
} from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { type RequestContext, requestContextOf } from "./request-context.ts";
import { type Next, observeRpc } from "./rpc-outcome.ts";

/** The domain of ErrorInfo reasons. */
const errorDomain = "llmemory";

/** The types of all details. Replies that hold an error of their own cannot be written as JSON without knowing them. */
export const errorDetailTypes = createRegistry(
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
);

interface Detail {
  readonly desc: DescMessage;
  readonly value: MessageInitShape<DescMessage>;
}

/**
 * The table of errors: each class of domain error has one gRPC code. What is not in it is a bug or an unknown failure and becomes
 * INTERNAL.
 */
const codes: readonly (readonly [abstract new (...args: never[]) => DomainError, Code])[] = [
  [InvalidInputError, Code.InvalidArgument],
  [NotFoundError, Code.NotFound],
  [PreconditionError, Code.FailedPrecondition],
  [ConflictError, Code.Aborted],
  [LimitExceededError, Code.ResourceExhausted],
  [DependencyUnavailableError, Code.Unavailable],
  [DeadlineExceededError, Code.DeadlineExceeded],
  [CancelledError, Code.Canceled],
  [PermissionDeniedError, Code.PermissionDenied],
  [StartupError, Code.Internal],
];

/** The gRPC error for anything thrown, small enough for the headers of a reply. Only domain errors speak to clients; of others they learn the request's id. */
export function toConnectError(error: unknown, requestId: string): ConnectError {
  if (error instanceof ConnectError) return error;
  const entry = error instanceof DomainError ? codes.find(([errorClass]) => error instanceof errorClass) : undefined;
  if (!(error instanceof DomainError) || !entry || entry[1] === Code.Internal) {
    const message = `an internal error; the service's log tells more under request id ${requestId}`;
    const details: Detail[] = [
      { desc: RequestInfoSchema, value: { requestId } },
      { desc: ErrorInfoSchema, value: { reason: "INTERNAL", domain: errorDomain, metadata: { request_id: requestId } } },
    ];
    return new ConnectError(message, Code.Internal, undefined, details, error);
  }
  return new ConnectError(cutText(error.message, limits.errorMessageBytesMax), entry[1], undefined, detailsOf(error), error);
}

/** The same as a message, for results that hold an error of their own. */
export function toStatus(error: unknown, requestId: string): Status {
  const connectError = toConnectError(error, requestId);
  const details = connectError.details.flatMap((detail) =>
    "desc" in detail ? [anyPack(detail.desc, create(detail.desc, detail.value))] : [],
  );
  return create(StatusSchema, { code: connectError.code, message: connectError.rawMessage, details });
}

/** What one part of a batch is told of its error; the log gets what that leaves out. */
export function refusalOf(error: unknown, { requestId, logger }: Pick<RequestContext, "requestId" | "logger">): Status {
  const status = toStatus(error, requestId);
  if (status.code === Code.Internal) logger.error({ err: error }, "internal error");
  return status;
}

/** The one translator of errors. Observers stand outside it and see its result; everything inside throws domain errors. */
export const errorInterceptor: Interceptor = (next) => async (request) => {
  const { requestId, logger } = requestContextOf(request.contextValues);
  return await observeRpc(request, next as Next, {
    ended: (error) => {
      if (error === undefined) return;
      const translated = toConnectError(error, requestId);
      if (translated.code === Code.Internal) logger.error({ err: error }, "internal error");
      throw translated;
    },
  });
};

function detailsOf(error: DomainError): Detail[] {
  const details: Detail[] = [
    { desc: ErrorInfoSchema, value: { reason: error.reason, domain: errorDomain, metadata: { ...error.details } } },
  ];
  if (error instanceof InvalidInputError) {
    const fieldViolations = error.violations.map(({ field, description, rule }) => ({
      field,
      description,
      reason: reasonOf(rule),
    }));
    details.unshift({ desc: BadRequestSchema, value: { fieldViolations } });
  }
  if (error instanceof NotFoundError) {
    const resourceName = cutText(error.resourceName, limits.errorResourceBytesMax);
    details.push({ desc: ResourceInfoSchema, value: { resourceType: error.resourceType, resourceName } });
  }
  const isRetryable = error instanceof LimitExceededError || error instanceof DependencyUnavailableError;
  if (isRetryable && error.retryAfterMs !== undefined) {
    details.push({ desc: RetryInfoSchema, value: { retryDelay: durationFromMs(error.retryAfterMs) } });
  }
  return details;
}

/** google.rpc asks for reasons in UPPER_SNAKE_CASE of at most 63 characters: `string.max_len` is `STRING_MAX_LEN`. */
function reasonOf(rule: string): string {
  return rule
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .toUpperCase()
    .slice(0, 63);
}
