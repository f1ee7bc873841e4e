import { ConnectError, type Interceptor } from "@connectrpc/connect";
import { type Context, context, propagation, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { type AnyRequest, type AnyResponse, codeName, type Next, observeRpc } from "./rpc-outcome.ts";

/**
 * A server span per RPC, under the caller's trace, with the attributes that OpenTelemetry's conventions for RPC name. Without an SDK in
 * the process this costs next to nothing.
 */
export const tracingInterceptor: Interceptor = (next) => async (request) => {
  const parent = propagation.extract(context.active(), request.header, {
    get: (headers, name) => headers.get(name) ?? undefined,
    keys: (headers) => [...headers.keys()],
  });
  // Asked for each time: one that is kept belongs to the tracing that was on when it was first used.
  const span = trace
    .getTracer("llmemory")
    .startSpan(
      `${request.service.typeName}/${request.method.name}`,
      { kind: SpanKind.SERVER, attributes: attributesOf(request) },
      parent,
    );
  const active = trace.setSpan(parent, span);
  const response = await context.with(active, () =>
    observeRpc(request, next as Next, { ended: (error) => endSpan(span, isGrpc(request), error) }),
  );
  return within(active, response);
};

function attributesOf(request: AnyRequest): Record<string, string | number> {
  const url = URL.parse(request.url);
  return {
    "rpc.system": isGrpc(request) ? "grpc" : "connect_rpc",
    "rpc.service": request.service.typeName,
    "rpc.method": request.method.name,
    ...(url && { "server.address": url.hostname }),
    ...(url && url.port !== "" && { "server.port": Number(url.port) }),
  };
}

function isGrpc({ header }: AnyRequest): boolean {
  return header.get("content-type")?.startsWith("application/grpc") ?? false;
}

function endSpan(span: Span, isGrpc: boolean, error: unknown): void {
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: codeName(error) });
  span.setAttribute("rpc.response.status_code", codeName(error));
  if (isGrpc) span.setAttribute("rpc.grpc.status_code", error === undefined ? 0 : ConnectError.from(error).code);
  span.end();
}

/** A stream's handler runs whenever its next message is asked for, which the framework does outside of the span. */
function within(active: Context, response: AnyResponse): AnyResponse {
  if (!response.stream) return response;
  // `observeRpc` gives generators.
  const messages = response.message[Symbol.asyncIterator]() as AsyncGenerator<never, undefined>;
  const bound: AsyncGenerator<never, undefined> = {
    next: () => context.with(active, () => messages.next()),
    return: (value) => context.with(active, () => messages.return(value)),
    throw: (error) => context.with(active, () => messages.throw(error)),
    [Symbol.asyncIterator]: () => bound,
    [Symbol.asyncDispose]: () => messages[Symbol.asyncDispose](),
  };
  return { ...response, message: bound };
}
