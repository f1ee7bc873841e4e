import type { SettingDefinitions } from "./setting-definition.ts";
import { httpUrl, identifier, oneOf, wholeNumber } from "./setting-parsers.ts";

/** PagerDuty's severities, worst first. */
export const alertSeverities = ["critical", "error", "warning", "info"] as const;
export type AlertSeverity = (typeof alertSeverities)[number];

/** What `alert-manager` watches for, and whom it tells. */
export interface AlertSettings {
  /** Secret; undefined: `alertPagerDutyRoutingKeyFile` holds it, or PagerDuty is not told. */
  readonly alertPagerDutyRoutingKey: string | undefined;
  readonly alertPagerDutyRoutingKeyFile: string | undefined;
  /** What `/v2/enqueue` is appended to. */
  readonly alertPagerDutyUrl: string;
  /** Secret, since such addresses often hold a token; undefined: `alertWebhookUrlFile` holds it, or there is none. */
  readonly alertWebhookUrl: string | undefined;
  readonly alertWebhookUrlFile: string | undefined;
  /** Begins the deduplication key of every incident. */
  readonly alertServiceName: string;
  readonly alertSeverity: AlertSeverity;
  readonly alertIntervalMs: number;
  /** So many checks in a row must agree before an incident is triggered or resolved. */
  readonly alertChecks: number;
  /** A search that takes longer is an incident. */
  readonly alertSearchMs: number;
  /** More chunks that wait for their embedding are an incident. */
  readonly alertQueueSize: number;
  /** The owner that the probe searches, so that it is told from others in metrics and history. */
  readonly alertOwner: string;
}

/** The part of the catalogue of settings that is of `alert-manager` alone. The thresholds are those of llmemory's monitoring guide. */
export const alertSettingDefinitions: SettingDefinitions<AlertSettings> = {
  alertPagerDutyRoutingKey: {
    variables: ["LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY"],
    fallback: undefined,
    isSecret: true,
    description: "integration key of PagerDuty's Events API v2; as an option, other users of the machine can see it",
    parse: (text) => text.trim(),
  },
  alertPagerDutyRoutingKeyFile: {
    variables: ["LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY_FILE"],
    fallback: undefined,
    description: "file that holds the integration key instead",
    parse: (text) => text,
  },
  alertPagerDutyUrl: {
    variables: ["LLMEMORY_ALERT_PAGERDUTY_URL"],
    fallback: "https://events.pagerduty.com",
    description: "where PagerDuty, or what speaks its Events API v2, answers /v2/enqueue",
    parse: httpUrl,
  },
  alertWebhookUrl: {
    variables: ["LLMEMORY_ALERT_WEBHOOK_URL"],
    fallback: undefined,
    isSecret: true,
    description: "address that every incident is posted to as JSON; it may hold a token, and is never logged",
    parse: (text) => text.trim(),
  },
  alertWebhookUrlFile: {
    variables: ["LLMEMORY_ALERT_WEBHOOK_URL_FILE"],
    fallback: undefined,
    description: "file that holds this address instead",
    parse: (text) => text,
  },
  alertServiceName: {
    variables: ["LLMEMORY_ALERT_SERVICE_NAME"],
    fallback: "llmemory",
    description: "begins the deduplication key of incidents; installations that share a receiver need different ones",
    parse: identifier(100),
  },
  alertSeverity: {
    variables: ["LLMEMORY_ALERT_SEVERITY"],
    fallback: "warning",
    description: `severity of incidents: ${alertSeverities.join(", ")}`,
    parse: oneOf(alertSeverities),
  },
  alertIntervalMs: {
    variables: ["LLMEMORY_ALERT_INTERVAL_MS"],
    fallback: "60000",
    description: "time between two checks",
    parse: wholeNumber(100, 3_600_000),
  },
  alertChecks: {
    variables: ["LLMEMORY_ALERT_CHECKS"],
    fallback: "1",
    description: "checks in a row that must agree before an incident is triggered or resolved; more page later, and less often",
    parse: wholeNumber(1, 100),
  },
  alertSearchMs: {
    variables: ["LLMEMORY_ALERT_SEARCH_MS"],
    fallback: "5000",
    description: "a search that takes longer is an incident",
    parse: wholeNumber(1, 600_000),
  },
  alertQueueSize: {
    variables: ["LLMEMORY_ALERT_QUEUE_SIZE"],
    fallback: "5000",
    description: "more chunks that wait for their embedding are an incident",
    parse: wholeNumber(0, 1_000_000_000),
  },
  alertOwner: {
    variables: ["LLMEMORY_ALERT_OWNER"],
    fallback: "health-check",
    description: "owner that the check searches",
    parse: identifier(255),
  },
};
