import type { AlertChannel } from "./alert-channel.ts";
import { deliver } from "./deliver.ts";

/** Whoever takes JSON by POST and answers with a status of 200 to 299. */
export function openWebhookChannel(url: string): AlertChannel {
  return {
    name: "webhook",
    send: ({ action, check, dedupKey, summary, details, severity, source, at }, signal) =>
      deliver(
        url,
        { action, check, dedup_key: dedupKey, summary, details, severity, source, timestamp: at.toISOString() },
        signal,
      ),
  };
}
