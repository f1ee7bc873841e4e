import { describe, expect, test } from "vitest";
import type { CheckResult } from "../../src/health/check.ts";
import { healthJson } from "../../src/health/health-json.ts";
import type { HealthReport } from "../../src/health/probes.ts";

const healthy: CheckResult = { status: "healthy", responseTimeMs: 1.25, error: undefined };
const unhealthy: CheckResult = { status: "unhealthy", responseTimeMs: 1_500, error: "no answer within 1500 ms" };

function report(part: Partial<HealthReport> = {}): HealthReport {
  const pool = { active: 2, idle: 8, total: 10, waiting: 0, lastAnswerAgeMs: 5 };
  return { timestamp: new Date("2026-01-31T12:34:56.789Z"), database: healthy, embeddings: healthy, pool, ...part };
}

test("has the form of the monitoring guide, the long and the short one", () => {
  expect(healthJson(report())).toEqual({
    status: "healthy",
    timestamp: "2026-01-31T12:34:56.789Z",
    database: "connected",
    embeddings: "healthy",
    checks: {
      database: { status: "healthy", response_time_ms: 1.25 },
      embeddings: { status: "healthy", response_time_ms: 1.25 },
      connection_pool: { status: "healthy", active: 2, idle: 8, total: 10, waiting: 0 },
    },
  });
});

describe("anything unhealthy makes the whole unhealthy, and says why", () => {
  test("the database", () => {
    expect(healthJson(report({ database: unhealthy }))).toMatchObject({
      status: "unhealthy",
      database: "disconnected",
      embeddings: "healthy",
      checks: { database: { status: "unhealthy", response_time_ms: 1_500, error: "no answer within 1500 ms" } },
    });
  });

  test("the embedder", () => {
    expect(healthJson(report({ embeddings: unhealthy }))).toMatchObject({
      status: "unhealthy",
      database: "connected",
      embeddings: "unhealthy",
      checks: { embeddings: { status: "unhealthy", error: "no answer within 1500 ms" } },
    });
  });
});

describe("the pool", () => {
  test.each([
    ["one connection left", { active: 9, idle: 1, total: 10 }, "healthy"],
    ["none left", { active: 10, idle: 0, total: 10 }, "degraded"],
    ["the only one of the embedded database in use", { active: 1, idle: 0, total: 1 }, "healthy"],
  ])("with %s", (_name, counts, status) => {
    const json = healthJson(report({ pool: { ...counts, waiting: 3, lastAnswerAgeMs: 5 } }));
    expect(json.checks.connection_pool).toEqual({ status, ...counts, waiting: 3 });
    expect(json.status).toBe("healthy");
  });
});
