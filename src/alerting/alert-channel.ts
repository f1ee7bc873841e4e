import type { AlertSeverity } from "../config/alert-settings.ts";

/** What is watched; each can be wrong by itself. */
export const alertChecks = ["search_latency", "embedding_queue", "health_check"] as const;
export type AlertCheck = (typeof alertChecks)[number];

/** That something is wrong with the service, or right again. */
export interface AlertEvent {
  readonly action: "trigger" | "resolve";
  readonly check: AlertCheck;
  /** The same for every event of one check of one service, whichever process sends it: so a receiver knows what is resolved. */
  readonly dedupKey: string;
  /** What is wrong when it is wrong, in a few words. */
  readonly summary: string;
  /** What was seen, with numbers; no content of documents or queries. */
  readonly details: string;
  readonly severity: AlertSeverity;
  /** The service that was checked, as `host:port`. */
  readonly source: string;
  readonly at: Date;
}

/** Somebody who is told of incidents. */
export interface AlertChannel {
  /** For logs. */
  readonly name: "pagerduty" | "webhook";
  /**
   * Tells of one event; MUST be safe to repeat, since an event whose answer got lost is sent again, and MUST take a resolve of an incident
   * that is not open.
   *
   * @throws DeliveryError, which holds none of the receiver's secrets; the domain error of `signal` if that ended it.
   */
  send(event: AlertEvent, signal: AbortSignal): Promise<void>;
}
