import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { checkService, type Finding, type ServiceProbes } from "../../src/alerting/check-service.ts";
import { CancelledError } from "../../src/domain/errors.ts";

const never = new AbortController().signal;
const thresholds = { searchMs: 5_000, queueSize: 5_000 };
const good: ServiceProbes = { search: async () => {}, embeddingQueueSize: async () => 5_000 };

function verdicts(findings: readonly Finding[]): Readonly<Record<string, boolean>> {
  return Object.fromEntries(findings.map(({ check, isWrong }) => [check, isWrong]));
}

it("finds nothing wrong with a service that answers in time, and whose queue is just as long as it may be", async () => {
  const findings = await checkService(good, thresholds, never);
  expect(verdicts(findings)).toEqual({ search_latency: false, embedding_queue: false, health_check: false });
});

it("finds a search that took longer than the threshold", async () => {
  const search = () => sleep(30);
  const findings = await checkService({ ...good, search }, { ...thresholds, searchMs: 1 }, never);
  expect(verdicts(findings)).toEqual({ search_latency: true, embedding_queue: false, health_check: false });
  expect(findings[0]?.details).toMatch(/^Search latency: 0\.\d\ds; the threshold is 0\.001s$/);
});

it("finds a queue that is longer than the threshold", async () => {
  const findings = await checkService({ ...good, embeddingQueueSize: async () => 5_001 }, thresholds, never);
  expect(verdicts(findings)).toEqual({ search_latency: false, embedding_queue: true, health_check: false });
  expect(findings[1]?.details).toBe("Queue size: 5001; the threshold is 5000");
});

it("says what has failed, and nothing of what could not be found out", async () => {
  const search = () => Promise.reject(new Error("UNAVAILABLE: the database does not answer"));
  const one = await checkService({ ...good, search }, thresholds, never);
  expect(one).toEqual([
    expect.objectContaining({ check: "embedding_queue", isWrong: false }),
    { check: "health_check", isWrong: true, details: "search: UNAVAILABLE: the database does not answer" },
  ]);
  const embeddingQueueSize = () => Promise.reject(new Error("INTERNAL"));
  const both = await checkService({ search, embeddingQueueSize }, thresholds, never);
  expect(both).toMatchObject([{ details: "search: UNAVAILABLE: the database does not answer; embedding queue: INTERNAL" }]);
});

it("ends at once if it is not wanted any more, although the service hangs", async () => {
  const stopping = new AbortController();
  const search = () => {
    stopping.abort();
    return new Promise<never>(() => {});
  };
  await expect(checkService({ ...good, search }, thresholds, stopping.signal)).rejects.toThrow(CancelledError);
});
