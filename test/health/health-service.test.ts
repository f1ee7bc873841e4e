import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { beforeEach, describe, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "#gen/grpc/health/v1/health_pb.js";
import { systemClock } from "../../src/domain/clock.ts";
import { HealthMonitor, healthServices } from "../../src/health/health-monitor.ts";
import { createHealthService } from "../../src/health/health-service.ts";
import { localPrincipal } from "../../src/interceptors/auth.ts";
import { interceptorChain } from "../../src/interceptors/chain.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { embeddedDatabase } from "../support/databases.ts";
import { silentLogger, useStorage } from "../support/test-storage.ts";
import { type BreakableProvider, createBreakableProvider } from "./dependencies.ts";

let provider: BreakableProvider;
let monitor: HealthMonitor;
let drain: AbortController;
let client: ReturnType<typeof createHealthClient>;

const storage = useStorage(embeddedDatabase);

beforeEach(async () => {
  provider = createBreakableProvider();
  monitor = new HealthMonitor({ database: storage().database, provider, clock: systemClock, logger: silentLogger });
  drain = new AbortController();
  client = createHealthClient();
  await monitor.refresh();
});

describe("Check", () => {
  test.each(healthServices)('knows "%s"', async (service) => {
    expect(await client.check({ service })).toMatchObject({ status: ServingStatus.SERVING });
  });

  test("says NOT_FOUND for a service that does not exist", async () => {
    const error = await client.check({ service: "nothing" }).catch(ConnectError.from);
    expect(error).toMatchObject({ code: Code.NotFound });
  });

  test("follows the last probe", async () => {
    provider.state = "fails";
    expect(await client.check({ service: "embeddings" })).toMatchObject({ status: ServingStatus.SERVING });
    await monitor.refresh();
    expect(await client.check({ service: "embeddings" })).toMatchObject({ status: ServingStatus.NOT_SERVING });
    expect(await client.check({ service: "llmemory.v1.SearchService" })).toMatchObject({ status: ServingStatus.SERVING });
  });
});

test("List names every service with its status", async () => {
  provider.state = "fails";
  await monitor.refresh();
  const { statuses } = await client.list({});
  const expected = healthServices.map((service) => [
    service,
    service === "embeddings" ? ServingStatus.NOT_SERVING : ServingStatus.SERVING,
  ]);
  expect(Object.fromEntries(Object.entries(statuses).map(([service, { status }]) => [service, status]))).toEqual(
    Object.fromEntries(expected),
  );
});

describe("Watch", () => {
  test("sends the status at once, then each change and nothing between, and ends at the drain", async () => {
    const seen: ServingStatus[] = [];
    const { promise: failed, resolve } = Promise.withResolvers<ConnectError>();
    const watch = async () => {
      for await (const { status } of client.watch({ service: "embeddings" })) seen.push(status);
    };
    watch().catch((error: unknown) => resolve(ConnectError.from(error)));
    await expect.poll(() => seen).toEqual([ServingStatus.SERVING]);
    await monitor.refresh();
    provider.state = "fails";
    await monitor.refresh();
    await expect.poll(() => seen.length).toBe(2);
    await monitor.refresh();
    provider.state = "answers";
    await monitor.refresh();
    await expect.poll(() => seen.length).toBe(3);
    monitor.drain();
    drain.abort();
    expect((await failed).code).toBe(Code.Unavailable);
    const { SERVING, NOT_SERVING } = ServingStatus;
    expect(seen).toEqual([SERVING, NOT_SERVING, SERVING, NOT_SERVING]);
  });

  test("says SERVICE_UNKNOWN for one that does not exist, and goes on, as the protocol asks", async () => {
    const caller = new AbortController();
    const stream = client.watch({ service: "nothing" }, { signal: caller.signal })[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ status: ServingStatus.SERVICE_UNKNOWN });
    const next = stream.next();
    setImmediate(() => caller.abort());
    await expect(next).rejects.toMatchObject({ code: Code.Canceled });
  });

  test("of liveness sends no change at the drain", async () => {
    const seen: ServingStatus[] = [];
    const watched = (async () => {
      for await (const { status } of client.watch({ service: "liveness" })) seen.push(status);
    })().catch((error: unknown) => ConnectError.from(error));
    await expect.poll(() => seen).toEqual([ServingStatus.SERVING]);
    monitor.drain();
    drain.abort();
    expect(await watched).toMatchObject({ code: Code.Unavailable });
    expect(seen).toEqual([ServingStatus.SERVING]);
  });
});

function createHealthClient() {
  const metrics = createMetrics({ ownerLabels: true, version: "test" });
  const chain = interceptorChain({ logger: silentLogger, metrics, principal: localPrincipal });
  const transport = createRouterTransport((router) => router.service(Health, createHealthService(monitor, drain.signal)), {
    router: { interceptors: chain.map(([, interceptor]) => interceptor) },
  });
  return createClient(Health, transport);
}
