import type { Interceptor } from "@connectrpc/connect";
import { abortError, DeadlineExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { requestContextOf } from "./request-context.ts";

/**
 * Gives unary RPCs a deadline even if the caller set none, and answers when it passes although something below may not notice at
 * once. Streams live as long as their caller wants.
 */
export const deadlineInterceptor: Interceptor = (next) => async (request) => {
  if (request.stream) return await next(request);
  const context = requestContextOf(request.contextValues);
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (reason: unknown) => {
    controller.abort(reason);
    reject(abortError(controller.signal));
  };
  const timer = setTimeout(() => abort(new DeadlineExceededError("the deadline has passed")), defaultMs(request.header));
  const outer = context.signal;
  const forward = () => abort(outer.reason);
  if (outer.aborted) forward();
  else outer.addEventListener("abort", forward, { once: true });
  context.signal = controller.signal;
  promise.catch(() => undefined);
  try {
    return await Promise.race([next(request), promise]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", forward);
  }
};

/** The caller's own deadline is the framework's business, up to a bound; without one there is a shorter default. */
function defaultMs(header: Headers): number {
  const isSet = header.has("grpc-timeout") || header.has("connect-timeout-ms");
  return isSet ? limits.unaryDeadlineMaxMs : limits.unaryDeadlineDefaultMs;
}
