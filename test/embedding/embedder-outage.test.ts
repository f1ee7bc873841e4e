import { describe, expect, it } from "vitest";
import { DependencyUnavailableError } from "../../src/domain/errors.ts";
import { EmbedderOutage } from "../../src/embedding/embedder-outage.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { silentLogger } from "../support/test-storage.ts";

const hashing = createHashingEmbedder({ dimension: 8 });
const never = new AbortController().signal;

/** An embedder that works or not, as the test says, and counts how often it is asked. */
function breakable() {
  const state = { works: true, calls: 0 };
  const provider: EmbeddingProvider = {
    ...hashing,
    embed: async (texts, purpose, signal) => {
      state.calls++;
      if (!state.works) throw new DependencyUnavailableError("embeddings", "down", { retryAfterMs: 100 });
      return await hashing.embed(texts, purpose, signal);
    },
  };
  return { state, outage: new EmbedderOutage({ provider, logger: silentLogger }, 1_000) };
}

describe("an outage of the embedder", () => {
  it("is not on, and nobody waits, while nothing has failed", async () => {
    const { state, outage } = breakable();
    expect(outage.isOn).toBe(false);
    await outage.waitUntilOver(never);
    expect(state.calls).toBe(0);
  });

  it("is not the cause of a failure if the embedder works", async () => {
    const { outage } = breakable();
    expect(await outage.isCauseOf(new Error("400"), never)).toBe(false);
    expect(outage.isOn).toBe(false);
  });

  it("lasts until the embedder works again, whoever waits, with one trial for all", async () => {
    const { state, outage } = breakable();
    state.works = false;
    expect(await Promise.all([outage.isCauseOf(new Error("401"), never), outage.isCauseOf(new Error("401"), never)])).toEqual([
      true,
      true,
    ]);
    expect([outage.isOn, state.calls]).toEqual([true, 1]);
    const waiting = Promise.all([outage.waitUntilOver(never), outage.waitUntilOver(never)]);
    await expect.poll(() => state.calls, { timeout: 10_000 }).toBe(2);
    expect(outage.isOn).toBe(true);
    state.works = true;
    await waiting;
    expect([outage.isOn, state.calls]).toEqual([false, 3]);
  });

  it("is waited for at least as long as the embedder asks", async () => {
    const { state, outage } = breakable();
    state.works = false;
    await outage.isCauseOf(new DependencyUnavailableError("embeddings", "slow down", { retryAfterMs: 60_000 }), never);
    const stop = new AbortController();
    const waiting = outage.waitUntilOver(stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(state.calls).toBe(1);
    stop.abort();
    await waiting;
  });

  it("blames nobody when it is told to stop", async () => {
    const { outage } = breakable();
    expect(await outage.isCauseOf(new Error("aborted"), AbortSignal.abort())).toBe(true);
    expect(outage.isOn).toBe(false);
  });
});
