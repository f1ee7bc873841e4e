import { expect, it } from "vitest";
import { InvalidSettingsError, loadSettings } from "../../src/config/load-settings.ts";

it("has the interval and the thresholds of llmemory's monitoring guide, and tells nobody by itself", () => {
  expect(loadSettings({})).toMatchObject({
    alertPagerDutyRoutingKey: undefined,
    alertWebhookUrl: undefined,
    alertServiceName: "llmemory",
    alertSeverity: "warning",
    alertIntervalMs: 60_000,
    alertChecks: 1,
    alertSearchMs: 5_000,
    alertQueueSize: 5_000,
    alertOwner: "health-check",
  });
});

it.each([
  [{ LLMEMORY_ALERT_SEVERITY: "bad" }, /LLMEMORY_ALERT_SEVERITY is "bad"; it must be one of critical, error, warning, info/],
  [{ LLMEMORY_ALERT_INTERVAL_MS: "0" }, /LLMEMORY_ALERT_INTERVAL_MS is "0"/],
  [{ LLMEMORY_ALERT_OWNER: "a b" }, /LLMEMORY_ALERT_OWNER is "a b"; it must be 1 to 255 of/],
  [{ LLMEMORY_ALERT_SERVICE_NAME: "x".repeat(101) }, /LLMEMORY_ALERT_SERVICE_NAME/],
  [
    { LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY: "T0KEN", LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY_FILE: "f" },
    /ROUTING_KEY and LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY_FILE are both set/,
  ],
  [{ LLMEMORY_ALERT_WEBHOOK_URL: "T0KEN", LLMEMORY_ALERT_WEBHOOK_URL_FILE: "f" }, /WEBHOOK_URL_FILE are both set/],
])("refuses %o", (environment, message) => {
  expect(() => loadSettings(environment)).toThrow(InvalidSettingsError);
  expect(() => loadSettings(environment)).toThrow(message);
  expect(() => loadSettings(environment)).not.toThrow(/T0KEN/);
});
