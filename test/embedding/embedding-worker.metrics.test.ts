import { describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { EmbeddingWorker } from "../../src/embedding/embedding-worker.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { dimension, newOwner } from "../support/test-storage.ts";

const hashing = createHashingEmbedder({ dimension });

describe.each(testDatabases())("on $name", (kind) => {
  const deps = useDocuments(kind);

  it("counts the jobs that it takes and what becomes of each", async () => {
    const metrics = createMetrics({ ownerLabels: true, version: "test" });
    const ownerId = newOwner();
    const asked = Promise.withResolvers<void>();
    const provider: EmbeddingProvider = {
      ...hashing,
      embed: (texts, purpose, signal) => {
        if (texts.includes("poison")) return Promise.reject(new Error("cannot be embedded"));
        if (!texts.includes("stuck")) return hashing.embed(texts, purpose, signal);
        asked.resolve();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    };
    const add = (...contents: readonly string[]) =>
      addDocuments(
        deps(),
        contents.map((content) => newDocument({ ownerId, content })),
        never,
      );
    const outcomes = async (): Promise<Partial<Record<string, number>>> => {
      const { values } = await metrics.embeddingJobsSettled.get();
      return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
    };
    const worker = new EmbeddingWorker({ ...deps(), metrics, provider });
    await add("tea", "poison");
    await expect.poll(outcomes, { timeout: 10_000 }).toEqual({ embedded: 1, failed: 1 });
    await add("tea");
    await expect.poll(outcomes, { timeout: 10_000 }).toMatchObject({ embedded: 1, reused: 1 });
    await add("stuck");
    await asked.promise;
    await worker.stop();
    const settled = await outcomes();
    expect(settled).toMatchObject({ embedded: 1, reused: 1, returned: 1 });
    const { values } = await metrics.embeddingJobsClaimed.get();
    const settledCount = Object.values(settled).reduce<number>((sum, count = 0) => sum + count, 0);
    expect(values).toMatchObject([{ labels: { model: `hashing/${dimension}` }, value: settledCount }]);
  });
});
