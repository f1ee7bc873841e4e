import { once } from "node:events";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import type { AlertCheck } from "../../src/alerting/alert-channel.ts";
import type { Finding } from "../../src/alerting/check-service.ts";
import { type EndpointRequest, type EndpointServer, sendText, startEndpointServer } from "./endpoint-server.ts";

/** An event as a receiver has got it; those of PagerDuty and of the webhook have these in common, under other names. */
export interface ReceivedEvent {
  readonly routing_key?: string;
  readonly event_action?: "trigger" | "resolve";
  readonly action?: "trigger" | "resolve";
  readonly dedup_key: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly [name: string]: unknown;
}

export type Receiver = EndpointServer<EndpointRequest<ReceivedEvent>>;

/** Takes an event, as PagerDuty does. */
export const accept = sendText(202, '{"status":"success","message":"Event processed","dedup_key":"x"}');

/** A receiver of incidents on loopback, which takes everything until it is told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  const receiver = await startEndpointServer((request) => ({ ...request, body: request.body as ReceivedEvent }));
  receiver.behave(accept);
  return receiver;
}

/** What it was told, as `trigger llmemory/search_latency`. */
export function told(receiver: Receiver): readonly string[] {
  return receiver.requests.map(({ body }) => `${body.event_action ?? body.action} ${body.dedup_key}`);
}

/** Waits until a receiver was told something, after the first `after` events; fails after a minute. */
export async function untilTold(receiver: Receiver, event: string, after = 0): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!told(receiver).slice(after).includes(event)) {
    if (performance.now() > deadline) throw new Error(`nobody told ${event}, but only ${told(receiver).slice(after).join(", ")}`);
    await sleep(20);
  }
}

export function finding(check: AlertCheck, isWrong: boolean, details = "as measured"): Finding {
  return { check, isWrong, details };
}

/** A logger, and what it has written. */
export function recordingLogger() {
  const stream = new PassThrough();
  const written = text(stream);
  const logger = pino({ level: "trace" }, stream);
  return {
    logger,
    end: async () => {
      stream.end();
      await once(stream, "close");
      return await written;
    },
  };
}
