/**
 * Fails a test file that ends with workers, sockets, child processes or timers of its own still alive: in production the same code
 * would hold connections and keep the process from ending. Handles that do not keep the process alive (`unref`) do not count.
 */
import type { Worker } from "node:worker_threads";
import { afterAll } from "vitest";
import { describeLeaks, type ResourceCounts } from "./leaks.ts";

/** Things may close in the background for a moment after the last test, such as the other end of a socket. */
const patienceMs = 2_000;

// process.getActiveResourcesInfo() does not list worker threads.
const liveWorkers = new Set<Worker>();
process.on("worker", (worker) => {
  liveWorkers.add(worker);
  worker.once("exit", () => liveWorkers.delete(worker));
});

// Node opens the pipes to its parent when they are first touched, which would look like a leak of the test that prints first.
void [process.stdout, process.stderr];
// Node opens these at their first use, which is not the test file's leak.
void [process.stdin, process.stdout, process.stderr];

const before = countResources();

// Vitest runs afterAll hooks in reverse order, so this one comes after those of the test file.
afterAll(async () => {
  const deadline = performance.now() + patienceMs;
  let leaks = describeLeaks(before, countResources());
  while (leaks !== undefined && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    leaks = describeLeaks(before, countResources());
  }
  if (leaks !== undefined) throw new Error(`this test file leaves behind ${leaks}; close what it opened`);
});

function countResources(): ResourceCounts {
  const counts: Record<string, number> = { Worker: liveWorkers.size };
  for (const resource of process.getActiveResourcesInfo()) counts[resource] = (counts[resource] ?? 0) + 1;
  return counts;
}
