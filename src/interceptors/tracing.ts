import type { Interceptor } from "@connectrpc/connect";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { codeName, observeRpc } from "./rpc-outcome.ts";

const tracer = trace.getTracer("llmemory");

/**
 * A server span per RPC, under the caller's trace. Without an OpenTelemetry SDK in the process, which `node --import` can load,
 * this costs next to nothing.
 */
export const tracingInterceptor: Interceptor = (next) => async (request) => {
  const parent = propagation.extract(context.active(), request.header, {
    get: (headers, name) => headers.get(name) ?? undefined,
    keys: (headers) => [...headers.keys()],
  });
  const { typeName } = request.service;
  const span = tracer.startSpan(
    `${typeName}/${request.method.name}`,
    { kind: SpanKind.SERVER, attributes: { "rpc.system": "grpc", "rpc.service": typeName, "rpc.method": request.method.name } },
    parent,
  );
  return await context.with(trace.setSpan(parent, span), () =>
    observeRpc(request, next as Parameters<typeof observeRpc>[1], {
      ended: (error) => {
        if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: codeName(error) });
        span.setAttribute("rpc.response.status_code", codeName(error));
        span.end();
      },
    }),
  );
};
