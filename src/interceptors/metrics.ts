import type { Interceptor } from "@connectrpc/connect";
import type { Metrics } from "../observability/metrics.ts";
import { codeName, type Next, observeRpc } from "./rpc-outcome.ts";

const rpcTypes = {
  unary: "unary",
  client_streaming: "client_stream",
  server_streaming: "server_stream",
  bidi_streaming: "bidi_stream",
} as const;

/** Counts and times every RPC, under the names that gRPC dashboards know. */
export function metricsInterceptor(metrics: Metrics): Interceptor {
  if (!metrics.isOn) return (next) => next;
  return (next) => async (request) => {
    const labels = {
      grpc_service: request.service.typeName,
      grpc_method: request.method.name,
      grpc_type: rpcTypes[request.method.methodKind],
    };
    const started = performance.now();
    metrics.grpcStarted.inc(labels);
    return await observeRpc(request, next as Next, {
      received: () => metrics.grpcMessagesReceived.inc(labels),
      sent: () => metrics.grpcMessagesSent.inc(labels),
      ended: (error) => {
        metrics.grpcHandled.inc({ ...labels, grpc_code: codeName(error) });
        metrics.grpcHandlingSeconds.observe(labels, (performance.now() - started) / 1_000);
      },
    });
  };
}
