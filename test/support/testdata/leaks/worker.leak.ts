import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { test } from "vitest";

test("leaves a worker thread behind", async () => {
  await once(new Worker("setInterval(() => {}, 1000)", { eval: true }), "online");
});
