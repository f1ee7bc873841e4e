import { expect, test } from "vitest";
import { localPrincipal } from "../../src/interceptors/auth.ts";
import { interceptorChain } from "../../src/interceptors/chain.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { recordingLogger } from "./in-memory-service.ts";

test("observers come first, then the one translator of errors, then the gates", () => {
  const metrics = createMetrics({ ownerLabels: true, version: "test" });
  const chain = interceptorChain({ logger: recordingLogger().logger, metrics, principal: localPrincipal });
  expect(chain.map(([name]) => name)).toEqual([
    "request context",
    "tracing",
    "metrics",
    "access log",
    "errors",
    "deadline",
    "auth",
    "validation",
  ]);
});
