import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";

let worker: Worker;

beforeAll(async () => {
  worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
  await once(worker, "online");
});

afterAll(async () => {
  await worker.terminate();
});

test("closes what it opened", () => {
  expect(worker.threadId).toBeGreaterThan(0);
});
