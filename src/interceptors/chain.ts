import type { Interceptor } from "@connectrpc/connect";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import { accessLogInterceptor } from "./access-log.ts";
import { authInterceptor, type Principal } from "./auth.ts";
import { deadlineInterceptor } from "./deadline.ts";
import { errorInterceptor } from "./error-translation.ts";
import { metricsInterceptor } from "./metrics.ts";
import { requestContextInterceptor } from "./request-context.ts";
import { tracingInterceptor } from "./tracing.ts";
import { validationInterceptor } from "./validation.ts";

/**
 * The interceptors by name, outermost first. Observers come before the one translator of errors, so that they see what the client
 * sees; gates come after it, so that they may throw domain errors.
 */
export function interceptorChain(deps: {
  logger: Logger;
  metrics: Metrics;
  principal: Principal;
}): readonly (readonly [name: string, interceptor: Interceptor])[] {
  return [
    ["request context", requestContextInterceptor(deps)],
    ["tracing", tracingInterceptor],
    ["metrics", metricsInterceptor(deps.metrics)],
    ["access log", accessLogInterceptor],
    ["errors", errorInterceptor],
    ["deadline", deadlineInterceptor],
    ["auth", authInterceptor(deps.principal)],
    ["validation", validationInterceptor],
  ];
}
