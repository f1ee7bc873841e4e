import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { EmbeddingProbe } from "../../src/health/embedding-probe.ts";
import { createBreakableProvider } from "./dependencies.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A provider of an endpoint, whose calls are counted; it answers or fails as `state` says. */
function createRemoteProvider() {
  const local = createBreakableProvider();
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  const remote = {
    ...local,
    calls: 0,
    setState: (state: "answers" | "fails") => {
      local.state = state;
    },
    lastAnswerAgeMs: () => performance.now() - answeredAtMs,
    embed: async (...call: Parameters<typeof local.embed>) => {
      remote.calls++;
      const vectors = await local.embed(...call);
      answeredAtMs = performance.now();
      return vectors;
    },
  };
  return remote;
}

test("asks an embedder on this machine every time", async () => {
  const provider = createBreakableProvider();
  const embed = vi.spyOn(provider, "embed");
  const probe = new EmbeddingProbe(provider);
  expect(await probe.run()).toMatchObject({ status: "healthy" });
  expect(await probe.run()).toMatchObject({ status: "healthy" });
  expect(embed).toHaveBeenCalledTimes(2);
});

test("asks an endpoint that nobody uses once in 30 s", async () => {
  const provider = createRemoteProvider();
  const probe = new EmbeddingProbe(provider);
  for (let second = 0; second < 60; second += 5) {
    expect(await probe.run()).toMatchObject({ status: "healthy", error: undefined });
    vi.advanceTimersByTime(5_000);
  }
  expect(provider.calls).toBe(2);
});

test("takes an answer that somebody else got for a probe", async () => {
  const provider = createRemoteProvider();
  const probe = new EmbeddingProbe(provider);
  for (let second = 0; second < 120; second += 20) {
    await provider.embed(["a search"], "query", new AbortController().signal);
    vi.advanceTimersByTime(20_000);
    expect(await probe.run()).toMatchObject({ status: "healthy" });
  }
  expect(provider.calls).toBe(6);
});

test("asks an endpoint that has failed once in 30 s, and hears of its recovery from others at once", async () => {
  const provider = createRemoteProvider();
  const probe = new EmbeddingProbe(provider);
  provider.setState("fails");
  for (let second = 0; second < 30; second += 5) {
    expect(await probe.run()).toMatchObject({ status: "unhealthy", error: "the model cannot answer" });
    vi.advanceTimersByTime(4_999);
  }
  expect(provider.calls).toBe(1);
  provider.setState("answers");
  await provider.embed(["a chunk"], "document", new AbortController().signal);
  expect(await probe.run()).toMatchObject({ status: "healthy" });
  vi.advanceTimersByTime(limits.endpointProbeIntervalMs);
  provider.setState("fails");
  expect(await probe.run()).toMatchObject({ status: "unhealthy" });
  expect(provider.calls).toBe(3);
});
