import type { IncomingMessage, ServerResponse } from "node:http";
import { limits } from "../domain/limits.ts";
import { healthJson } from "../health/health-json.ts";
import type { HealthMonitor } from "../health/health-monitor.ts";
import { renderMetrics } from "../observability/render-metrics.ts";
import type { RequestHandler } from "./listeners.ts";
import { type GaugeSources, sampleGauges } from "./sample-gauges.ts";

export interface OpsDeps extends GaugeSources {
  readonly monitor: HealthMonitor;
}

interface OpsReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers `/metrics`, `/health`, `/livez` and `/readyz`; any other path is the RPC handler's. */
export function opsEndpoints(
  deps: OpsDeps,
  otherwise: RequestHandler,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    // Not parsed as a URL, which throws for some of what clients may send, such as //.
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    const endpoint = Object.hasOwn(endpoints, path) ? endpoints[path] : undefined;
    if (!endpoint) return otherwise(request, response);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    endpoint(deps, { query: new URLSearchParams(query), accept: request.headers.accept }).then(
      ({ status, contentType, body }) => {
        response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
        response.end(request.method === "HEAD" ? undefined : body);
      },
      () => response.writeHead(500).end(),
    );
  };
}

interface OpsRequest {
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
}

const endpoints: Readonly<Record<string, (deps: OpsDeps, request: OpsRequest) => Promise<OpsReply>>> = {
  "/metrics": async (sources, { accept }) => {
    if (!sources.metrics.isOn) return text(404, "monitoring is off: LLMEMORY_ENABLE_MONITORING");
    await sampleGauges(sources);
    return { status: 200, ...(await renderMetrics(sources.metrics.registry, accept)) };
  },

  "/health": async ({ monitor }, { query }) => {
    const isForced = query.get("force") === "1";
    const json = healthJson(await monitor.report(isForced ? 0 : limits.healthCacheMs));
    return { status: json.status === "healthy" ? 200 : 503, contentType: "application/json", body: JSON.stringify(json) };
  },

  "/livez": async () => text(200, "alive"),

  "/readyz": async ({ monitor }) => {
    if (monitor.isDraining) return text(503, "draining");
    return monitor.isServing("") ? text(200, "ready") : text(503, "the database does not answer");
  },
};

function text(status: number, body: string): OpsReply {
  return { status, contentType: "text/plain; charset=utf-8", body: `${body}\n` };
}
