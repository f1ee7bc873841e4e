import type { AlertSettings } from "../config/alert-settings.ts";
import { StartupError } from "../domain/errors.ts";
import { readApiKey } from "../endpoint/read-api-key.ts";
import type { AlertChannel } from "./alert-channel.ts";
import { openPagerDutyChannel } from "./pagerduty-channel.ts";
import { openWebhookChannel } from "./webhook-channel.ts";

/**
 * Everybody who is to be told, from the settings and the files that they name.
 *
 * @throws StartupError if that is nobody, or a file or the webhook's address cannot be used.
 */
export async function openChannels(settings: AlertSettings): Promise<readonly AlertChannel[]> {
  const routingKey = await readApiKey({
    apiKey: settings.alertPagerDutyRoutingKey,
    apiKeyFile: settings.alertPagerDutyRoutingKeyFile,
    fileVariable: "LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY_FILE",
  });
  const webhookUrl = await readApiKey({
    apiKey: settings.alertWebhookUrl,
    apiKeyFile: settings.alertWebhookUrlFile,
    fileVariable: "LLMEMORY_ALERT_WEBHOOK_URL_FILE",
  });
  if (webhookUrl !== undefined && !/^https?:$/.test(URL.parse(webhookUrl)?.protocol ?? ""))
    throw new StartupError("LLMEMORY_ALERT_WEBHOOK_URL must be a URL that begins with http:// or https://");
  const channels = [
    ...(routingKey === undefined ? [] : [openPagerDutyChannel({ baseUrl: settings.alertPagerDutyUrl, routingKey })]),
    ...(webhookUrl === undefined ? [] : [openWebhookChannel(webhookUrl)]),
  ];
  if (channels.length === 0)
    throw new StartupError(
      "there is nobody to tell of incidents; set LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY, LLMEMORY_ALERT_WEBHOOK_URL, or both",
    );
  return channels;
}
