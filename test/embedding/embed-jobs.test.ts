import { describe, expect, it, vi } from "vitest";
import { DependencyUnavailableError } from "../../src/domain/errors.ts";
import { type BatchOutcome, embedJobs } from "../../src/embedding/embed-jobs.ts";
import { EmbedderOutage } from "../../src/embedding/embedder-outage.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import type { LeasedJob } from "../../src/storage/embedding-jobs.ts";
import { silentLogger } from "../support/test-storage.ts";

const hashing = createHashingEmbedder({ dimension: 8 });
const never = new AbortController().signal;

/** The hashing embedder with something the matter: `fault` throws where it shows. */
function faulty(fault: (texts: readonly string[]) => void) {
  const embed = vi.fn<EmbeddingProvider["embed"]>(async (texts, purpose, signal) => {
    fault(texts);
    return await hashing.embed(texts, purpose, signal);
  });
  const provider: EmbeddingProvider = { ...hashing, embed };
  const outage = new EmbedderOutage({ provider, logger: silentLogger }, 50);
  return { provider, outage, embed, callMs: 1_000 };
}

function jobsOf(contents: readonly string[], ownerId = "owner"): LeasedJob[] {
  return contents.map((content, index) => ({
    ownerId,
    chunkId: `${ownerId}-${index}`,
    content,
    inputHash: Buffer.from(content),
    attempts: 1,
    traceparent: undefined,
  }));
}

function contentsOf(outcome: BatchOutcome) {
  return {
    embedded: outcome.embedded.map(({ job }) => job.content).toSorted(),
    failed: outcome.failed.map(({ job }) => job.content).toSorted(),
    untried: outcome.untried.map((job) => job.content).toSorted(),
  };
}

describe("embedding a batch", () => {
  it("embeds equal texts of an owner once, and each owner's apart", async () => {
    const embedder = faulty(() => {});
    const jobs = [...jobsOf(["same", "other", "same"]), ...jobsOf(["same"], "another")];
    const { embedded } = await embedJobs(embedder, jobs, never);
    expect(embedder.embed.mock.calls.map(([texts]) => texts)).toEqual([["same", "other", "same"]]);
    const [vector] = await hashing.embed(["same"], "document", never);
    for (const { job, embedding } of embedded) if (job.content === "same") expect(embedding).toEqual(vector);
    expect(embedded.map(({ job }) => job.chunkId).toSorted()).toEqual(["another-0", "owner-0", "owner-1", "owner-2"]);
  });

  it.each([
    ["refuses the text", () => new Error("400 this text is too long")],
    ["crashes over the text", () => new DependencyUnavailableError("embeddings", "the embedding thread crashed")],
  ])("lets a text fail alone that %s, in about two calls for each halving", async (_what, error) => {
    const embedder = faulty((texts) => {
      if (texts.includes("poison")) throw error();
    });
    const good = Array.from({ length: 63 }, (_, index) => `text ${index}`);
    const outcome = await embedJobs(embedder, jobsOf([...good.slice(0, 40), "poison", ...good.slice(40)]), never);
    expect(contentsOf(outcome)).toEqual({ embedded: good.toSorted(), failed: ["poison"], untried: [] });
    expect(outcome.failed[0]?.error).toEqual(error());
    // 7 calls with the poison, a trial after each, and 6 with the other halves.
    expect(embedder.embed).toHaveBeenCalledTimes(20);
  });

  it("does not blame texts for an embedder that does not work", async () => {
    const error = new DependencyUnavailableError("embeddings", "down", { retryAfterMs: 60_000 });
    const embedder = faulty(() => {
      throw error;
    });
    const outcome = await embedJobs(embedder, jobsOf(["one", "two"]), never);
    expect(contentsOf(outcome)).toEqual({ embedded: [], failed: [], untried: ["one", "two"] });
    expect(outcome.outageError).toBe(error);
    expect(embedder.embed).toHaveBeenCalledTimes(2);
    expect(contentsOf(await embedJobs(embedder, jobsOf(["three"]), never)).untried).toEqual(["three"]);
    expect(embedder.embed).toHaveBeenCalledTimes(2);
  });

  it("keeps what was embedded before the embedder went down", async () => {
    let calls = 0;
    const embedder = faulty((texts) => {
      calls++;
      // The batch, the trial and the first half pass; then nothing does.
      if (calls === 1 || calls > 3) throw new Error(`down with ${texts.length}`);
    });
    const outcome = await embedJobs(embedder, jobsOf(["one", "two", "three"]), never);
    expect(contentsOf(outcome)).toEqual({ embedded: ["one", "two"], failed: [], untried: ["three"] });
  });

  it.each([
    ["too few vectors", "invalid_answer", async () => []],
    ["vectors of another dimension", "wrong_dimension", async (texts: readonly string[]) => texts.map(() => new Float32Array(9))],
    [
      "vectors that are not numbers",
      "invalid_answer",
      async (texts: readonly string[]) => texts.map(() => new Float32Array(8).fill(Number.NaN)),
    ],
  ])("does not store %s", async (_what, failure, embed) => {
    const provider: EmbeddingProvider = { ...hashing, embed };
    const outage = new EmbedderOutage({ provider, logger: silentLogger }, 50);
    const outcome = await embedJobs({ provider, outage, callMs: 1_000 }, jobsOf(["one"]), never);
    expect(contentsOf(outcome)).toEqual({ embedded: [], failed: [], untried: ["one"] });
    expect(outcome.outageError).toMatchObject({ failure });
  });

  it("gives up a call that hangs, and its text if the embedder works otherwise", async () => {
    const hanging = (isHanging: (texts: readonly string[]) => boolean): EmbeddingProvider => ({
      ...hashing,
      embed: (texts, purpose, signal) =>
        isHanging(texts)
          ? new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
          : hashing.embed(texts, purpose, signal),
    });
    const run = (provider: EmbeddingProvider) =>
      embedJobs(
        { provider, outage: new EmbedderOutage({ provider, logger: silentLogger }, 20), callMs: 20 },
        jobsOf(["fine", "hangs"]),
        never,
      );
    expect(contentsOf(await run(hanging((texts) => texts.includes("hangs"))))).toEqual({
      embedded: ["fine"],
      failed: ["hangs"],
      untried: [],
    });
    expect(contentsOf(await run(hanging(() => true))).untried).toEqual(["fine", "hangs"]);
  });

  it("tries nothing once the signal has aborted", async () => {
    const embedder = faulty(() => {});
    const outcome = await embedJobs(embedder, jobsOf(["one"]), AbortSignal.abort());
    expect(contentsOf(outcome).untried).toEqual(["one"]);
    expect(embedder.embed).not.toHaveBeenCalled();
  });
});
