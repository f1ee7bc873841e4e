import type { Interceptor } from "@connectrpc/connect";
import { requestContextOf } from "./request-context.ts";
import { codeName, type Next, observeRpc } from "./rpc-outcome.ts";

/** One line per RPC: what was called, how it ended and how long it took. Successful ones at level debug. */
export const accessLogInterceptor: Interceptor = (next) => async (request) => {
  const { logger } = requestContextOf(request.contextValues);
  const started = performance.now();
  return await observeRpc(request, next as Next, {
    ended: (error) => {
      const facts = { code: codeName(error), duration_ms: Math.round((performance.now() - started) * 10) / 10 };
      if (error === undefined) logger.debug(facts, "rpc");
      else logger.info(facts, "rpc");
    },
  });
};
