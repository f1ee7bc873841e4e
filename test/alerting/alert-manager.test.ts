import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runAlertManager } from "../../src/alerting/alert-manager.ts";
import type { ServiceProbes } from "../../src/alerting/check-service.ts";
import { openPagerDutyChannel } from "../../src/alerting/pagerduty-channel.ts";
import { openWebhookChannel } from "../../src/alerting/webhook-channel.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { systemClock } from "../../src/domain/clock.ts";
import { hang } from "../support/endpoint-server.ts";
import { type Receiver, startReceiver, told, untilTold } from "../support/incident-receiver.ts";
import { silentLogger } from "../support/test-storage.ts";

let receiver: Receiver;
let queueSize: () => number;
/** Ends what the test has started. */
let stop: () => Promise<void>;

beforeEach(async () => {
  receiver = await startReceiver();
  queueSize = () => 0;
});

afterEach(async () => {
  await stop();
  await receiver.close();
});

function start(environment: Record<string, string> = {}, others: readonly Receiver[] = []): void {
  const probes: ServiceProbes = { search: async () => {}, embeddingQueueSize: async () => queueSize() };
  const channels = [
    openPagerDutyChannel({ baseUrl: receiver.baseUrl, routingKey: "key" }),
    ...others.map(({ baseUrl }) => openWebhookChannel(baseUrl)),
  ];
  const settings = loadSettings({ LLMEMORY_ALERT_INTERVAL_MS: "100", LLMEMORY_ALERT_SERVICE_NAME: "tea", ...environment });
  const stopping = new AbortController();
  const deps = { probes, channels, clock: systemClock, logger: silentLogger };
  const running = runAlertManager(deps, settings, "127.0.0.1:50051", stopping.signal);
  stop = () => {
    stopping.abort();
    return running;
  };
}

it("opens an incident while a check is bad and resolves it when the check is good, until it is stopped", async () => {
  start();
  await untilTold(receiver, "resolve tea/health_check");
  queueSize = () => 5_001;
  await untilTold(receiver, "trigger tea/embedding_queue");
  queueSize = () => 5_000;
  await untilTold(receiver, "resolve tea/embedding_queue", 4);
  await stop();
  expect(told(receiver)).toEqual([
    "resolve tea/search_latency",
    "resolve tea/embedding_queue",
    "resolve tea/health_check",
    "trigger tea/embedding_queue",
    "resolve tea/embedding_queue",
  ]);
});

it("waits for as many checks in a row as the settings ask for", async () => {
  let looks = 0;
  // Wrong at every third look: neither wrong nor right three times in a row.
  queueSize = () => (++looks % 3 === 0 ? 9_999 : 0);
  start({ LLMEMORY_ALERT_CHECKS: "3" });
  while (looks < 7) await sleep(20);
  await stop();
  expect(told(receiver)).toEqual(["resolve tea/search_latency", "resolve tea/health_check"]);
});

it("tells one receiver although another one hangs", async () => {
  const hanging = await startReceiver();
  hanging.behave(hang);
  try {
    start({}, [hanging]);
    await untilTold(receiver, "resolve tea/health_check");
    await stop();
    expect(hanging.requests).toHaveLength(1);
  } finally {
    await hanging.close();
  }
});
