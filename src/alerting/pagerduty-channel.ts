import type { AlertChannel, AlertEvent } from "./alert-channel.ts";
import { deliver } from "./deliver.ts";

/**
 * Incidents of a PagerDuty service, by its Events API v2: https://developer.pagerduty.com/docs/send-alert-event. PagerDuty opens no second
 * incident under the deduplication key of an open one, and takes a resolve without one for nothing.
 */
export function openPagerDutyChannel(options: { readonly baseUrl: string; readonly routingKey: string }): AlertChannel {
  const url = `${options.baseUrl}/v2/enqueue`;
  return {
    name: "pagerduty",
    send: (event, signal) => deliver(url, { routing_key: options.routingKey, ...pagerDutyEvent(event) }, signal),
  };
}

function pagerDutyEvent(event: AlertEvent) {
  const head = { event_action: event.action, dedup_key: event.dedupKey };
  if (event.action === "resolve") return head;
  return {
    ...head,
    client: "llmemory",
    payload: {
      summary: event.summary,
      source: event.source,
      severity: event.severity,
      timestamp: event.at.toISOString(),
      component: "llmemory",
      class: event.check,
      custom_details: { details: event.details },
    },
  };
}
