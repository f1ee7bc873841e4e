import { Code, ConnectError, type ContextValues, createContextKey, type Interceptor } from "@connectrpc/connect";
import { v7 as uuidV7 } from "uuid";
import { CancelledError, DeadlineExceededError } from "../domain/errors.ts";
import type { Logger } from "../observability/logger.ts";
import type { Principal } from "./auth.ts";

/** What the chain knows of one RPC; handlers take the signal and the logger from here. */
export interface RequestContext {
  /** The caller's `x-request-id`, or one of ours; it is in the reply's headers, in logs and in INTERNAL errors. */
  readonly requestId: string;
  readonly logger: Logger;
  /** Aborts, with a domain error as its reason, when the deadline passes or the caller goes away. */
  signal: AbortSignal;
  principal: Principal | undefined;
}

const key = createContextKey<RequestContext | undefined>(undefined, { description: "llmemory request" });

/** The context of the RPC that the values belong to. */
export function requestContextOf(values: ContextValues): RequestContext {
  const context = values.get(key);
  if (!context) throw new Error("the request context interceptor did not run");
  return context;
}

/** Whether the chain has seen the RPC that the values belong to. */
export function isObserved(values: ContextValues): boolean {
  return values.get(key) !== undefined;
}

const requestIdPattern = /^[A-Za-z0-9_.:-]{1,128}$/;

/** Outermost of all: gives every RPC an id, a logger and a signal. */
export function requestContextInterceptor(deps: { logger: Logger }): Interceptor {
  return (next) => async (request) => {
    const given = request.header.get("x-request-id") ?? "";
    const requestId = requestIdPattern.test(given) ? given : uuidV7();
    const logger = deps.logger.child({ request_id: requestId, method: `${request.service.typeName}/${request.method.name}` });
    request.contextValues.set(key, { requestId, logger, signal: withDomainReason(request.signal), principal: undefined });
    const response = await next(request);
    response.header.set("x-request-id", requestId);
    return response;
  };
}

/** The framework aborts with its own errors; layers below know only the domain's. */
function withDomainReason(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    const isDeadline = signal.reason instanceof ConnectError && signal.reason.code === Code.DeadlineExceeded;
    controller.abort(
      isDeadline
        ? new DeadlineExceededError("the deadline has passed", { cause: signal.reason })
        : new CancelledError("the request was cancelled", { cause: signal.reason }),
    );
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return controller.signal;
}
