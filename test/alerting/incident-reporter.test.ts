import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { IncidentReporter } from "../../src/alerting/incident-reporter.ts";
import { openPagerDutyChannel } from "../../src/alerting/pagerduty-channel.ts";
import { openWebhookChannel } from "../../src/alerting/webhook-channel.ts";
import { limits } from "../../src/domain/limits.ts";
import { cutConnection, failWith } from "../support/endpoint-server.ts";
import { accept, finding, type Receiver, recordingLogger, startReceiver, told } from "../support/incident-receiver.ts";

const never = new AbortController().signal;
const source = { serviceName: "llmemory", address: "127.0.0.1:50051", severity: "warning" } as const;
const wrong = [finding("search_latency", true, "Search latency: 6.10s"), finding("health_check", false)];
const right = [finding("search_latency", false), finding("health_check", false)];

let receiver: Receiver;
let now: Date;
let log: ReturnType<typeof recordingLogger>;

beforeEach(async () => {
  receiver = await startReceiver();
  now = new Date("2026-01-31T10:00:00Z");
  log = recordingLogger();
});

afterEach(() => receiver.close());

/** As a process that has just begun. */
function startReporter(): IncidentReporter {
  const channel = openPagerDutyChannel({ baseUrl: receiver.baseUrl, routingKey: "R0UT1NG" });
  return new IncidentReporter({ channel, logger: log.logger, clock: { now: () => now } }, source);
}

describe("what is told", () => {
  it("is in the form of PagerDuty's Events API v2", async () => {
    await startReporter().report(wrong, never);
    expect(receiver.requests).toMatchObject([{ url: "/v1/v2/enqueue" }, { url: "/v1/v2/enqueue" }]);
    expect(receiver.requests.map(({ body }) => body)).toEqual([
      {
        routing_key: "R0UT1NG",
        event_action: "trigger",
        dedup_key: "llmemory/search_latency",
        client: "llmemory",
        payload: {
          summary: "High search latency",
          source: "127.0.0.1:50051",
          severity: "warning",
          timestamp: "2026-01-31T10:00:00.000Z",
          component: "llmemory",
          class: "search_latency",
          custom_details: { details: "Search latency: 6.10s" },
        },
      },
      { routing_key: "R0UT1NG", event_action: "resolve", dedup_key: "llmemory/health_check" },
    ]);
  });

  it("is the same for a webhook, without nesting", async () => {
    const channel = openWebhookChannel(`${receiver.baseUrl}/hook?token=T0KEN`);
    const reporter = new IncidentReporter({ channel, logger: log.logger, clock: { now: () => now } }, source);
    await reporter.report(wrong.slice(0, 1), never);
    expect(receiver.requests).toMatchObject([{ url: "/v1/hook?token=T0KEN" }]);
    expect(receiver.requests[0]?.body).toEqual({
      action: "trigger",
      check: "search_latency",
      dedup_key: "llmemory/search_latency",
      summary: "High search latency",
      details: "Search latency: 6.10s",
      severity: "warning",
      source: "127.0.0.1:50051",
      timestamp: "2026-01-31T10:00:00.000Z",
    });
  });
});

describe("an incident", () => {
  it("is told once when it begins and once when it ends, however many checks there are", async () => {
    const reporter = startReporter();
    for (const findings of [right, right, wrong, wrong, wrong, right, right, wrong]) await reporter.report(findings, never);
    expect(told(receiver).filter((event) => event.includes("search_latency"))).toEqual([
      "resolve llmemory/search_latency",
      "trigger llmemory/search_latency",
      "resolve llmemory/search_latency",
      "trigger llmemory/search_latency",
    ]);
    expect(told(receiver).filter((event) => event.includes("health_check"))).toEqual(["resolve llmemory/health_check"]);
  });

  it("is neither begun nor ended by a check that found nothing out", async () => {
    const reporter = startReporter();
    await reporter.report(wrong, never);
    await reporter.report([finding("health_check", true)], never);
    expect(told(receiver).at(-1)).toBe("trigger llmemory/health_check");
    await reporter.report(right, never);
    expect(told(receiver).slice(-2)).toEqual(["resolve llmemory/search_latency", "resolve llmemory/health_check"]);
  });

  it("that was open before a restart is resolved after it, or told under the same key", async () => {
    await startReporter().report(wrong, never);
    await startReporter().report(wrong, never);
    await startReporter().report(right, never);
    expect(told(receiver).filter((event) => event.includes("search_latency"))).toEqual([
      "trigger llmemory/search_latency",
      "trigger llmemory/search_latency",
      "resolve llmemory/search_latency",
    ]);
  });

  it("is told again each hour while it lasts", async () => {
    const reporter = startReporter();
    await reporter.report(wrong, never);
    now = new Date(now.getTime() + limits.alertRepeatMs - 1);
    await reporter.report(wrong, never);
    expect(receiver.requests).toHaveLength(2);
    now = new Date(now.getTime() + 1);
    await reporter.report(wrong, never);
    expect(told(receiver).slice(2)).toEqual(["trigger llmemory/search_latency"]);
  });
});

describe("a receiver that fails", () => {
  it("is told after the next check what it did not take, and of the other checks meanwhile", async () => {
    const reporter = startReporter();
    receiver.behave((request, response) =>
      (request.body.dedup_key.endsWith("search_latency") ? failWith(400) : accept)(request, response),
    );
    await reporter.report(wrong, never);
    expect(told(receiver)).toEqual(["trigger llmemory/search_latency", "resolve llmemory/health_check"]);
    receiver.behave(accept);
    await reporter.report(wrong, never);
    expect(told(receiver).slice(2)).toEqual(["trigger llmemory/search_latency"]);
  });

  it("is told of the end even if the answer to the beginning got lost", async () => {
    const reporter = startReporter();
    await reporter.report(right, never);
    receiver.behave(cutConnection);
    await reporter.report(wrong.slice(0, 1), never);
    receiver.behave(accept);
    await reporter.report(right, never);
    expect(told(receiver).at(-1)).toBe("resolve llmemory/search_latency");
  });

  it("leaves neither key nor address nor its own words in the log", async () => {
    receiver.behave(failWith(403));
    await startReporter().report(wrong, never);
    const channel = openWebhookChannel(`${receiver.baseUrl}/hook?token=T0KEN`);
    await new IncidentReporter({ channel, logger: log.logger, clock: { now: () => now } }, source).report(wrong, never);
    const written = await log.end();
    expect(written).toContain("the receiver answered with status 403");
    expect(written).toContain('"channel":"webhook"');
    expect(written).not.toMatch(/R0UT1NG|T0KEN|cannot do this/);
  });

  it("ends with the process that tells it", async () => {
    const stopping = new AbortController();
    receiver.behave(() => stopping.abort());
    await startReporter().report(wrong, stopping.signal);
    expect(receiver.requests).toHaveLength(1);
  });
});
