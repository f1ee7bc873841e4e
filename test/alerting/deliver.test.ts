import { afterEach, beforeEach, expect, it } from "vitest";
import { DeliveryError, deliver } from "../../src/alerting/deliver.ts";
import { CancelledError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { cutConnection, type EndpointBehaviour, failWith, hang } from "../support/endpoint-server.ts";
import { accept, type Receiver, startReceiver } from "../support/incident-receiver.ts";

const never = new AbortController().signal;
const atOnce = { "retry-after": "0" };
let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver();
});

afterEach(() => receiver.close());

function inTurn(...behaviours: readonly EndpointBehaviour[]): void {
  let count = 0;
  receiver.behave((request, response) => behaviours[Math.min(count++, behaviours.length - 1)]?.(request, response));
}

it.each([
  ["limits the rate", failWith(429, {}, atOnce)],
  ["fails", failWith(500, {}, atOnce)],
  ["is overloaded", failWith(503, {}, atOnce)],
  ["cuts the connection", cutConnection],
])("tries again when the receiver %s", async (_what, behaviour) => {
  inTurn(behaviour, accept);
  await deliver(receiver.baseUrl, { dedup_key: "a" }, never);
  expect(receiver.requests.map(({ body }) => body)).toEqual([{ dedup_key: "a" }, { dedup_key: "a" }]);
});

it.each([400, 403, 404])("does not repeat what was refused with status %i", async (status) => {
  receiver.behave(failWith(status));
  await expect(deliver(receiver.baseUrl, {}, never)).rejects.toThrow(`status ${status}`);
  expect(receiver.requests).toHaveLength(1);
});

it("does not follow to another address, which must not get the key", async () => {
  receiver.behave((_request, response) => response.writeHead(307, { location: `${receiver.baseUrl}/elsewhere` }).end());
  await expect(deliver(receiver.baseUrl, {}, never)).rejects.toThrow("status 307");
  expect(receiver.requests).toHaveLength(1);
});

it("gives up after some attempts", async () => {
  receiver.behave(failWith(502, {}, atOnce));
  await expect(deliver(receiver.baseUrl, {}, never)).rejects.toThrow(DeliveryError);
  expect(receiver.requests).toHaveLength(limits.alertRequestAttempts);
});

it.each([
  ["waits for an answer", hang],
  ["waits to try again", failWith(429, {}, { "retry-after": "3600" })],
])("ends at once while it %s, if nobody wants it any more", async (_what, behaviour) => {
  const stopping = new AbortController();
  receiver.behave((request, response) => {
    behaviour(request, response);
    setTimeout(() => stopping.abort(), 50);
  });
  await expect(deliver(receiver.baseUrl, {}, stopping.signal)).rejects.toThrow(CancelledError);
});
