import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { compareWithFeedback } from "../../src/storage/compare-with-feedback.ts";
import { testDatabases } from "../support/databases.ts";
import { readContents } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

const query = embedHashedWords("where does the river go", dimension);
const leaves = ["the river runs to the sea", "the mill by the river", "an old town", "five bridges cross it"];

describe.each(testDatabases())("comparing with the best chunks on $name", (kind) => {
  const storage = useStorage(kind);

  async function newChunks(): Promise<{ ownerId: string; idOf: (content: string) => string }> {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves }]);
    await embedWaiting(storage());
    await store(storage().database, [{ ownerId, leaves: ["waits"] }]);
    const contents = await readContents(storage(), ownerId);
    return { ownerId, idOf: (content) => [...contents].find(([, text]) => text === content)?.[0] ?? "" };
  }

  it.each([
    { weight: 0, best: leaves.slice(0, 2) },
    { weight: 1, best: leaves.slice(0, 1) },
    { weight: 0.5, best: leaves.slice(0, 3) },
    { weight: 2.5, best: leaves },
  ])("gives the similarity to the query and $weight times the mean of $best.length chunks", async ({ weight, best }) => {
    const { database, table } = storage();
    const { ownerId, idOf } = await newChunks();
    const chunkIds = [...leaves, "waits"].map(idOf);
    const bestIds = best.map(idOf);
    const found = await compareWithFeedback(database, table, { ownerId, queryVector: query, bestIds, weight, chunkIds });
    const vectors = best.map((text) => embedHashedWords(text, dimension));
    const target = query.map(
      (component, index) => component + (weight * sum(vectors.map((vector) => vector[index] ?? 0))) / vectors.length,
    );
    const expected = leaves.map((text) => [idOf(text), expect.closeTo(cosine(embedHashedWords(text, dimension), target), 2)]);
    expect(found).toEqual(new Map(expected as [string, number][]));
    await embedWaiting(storage());
  });

  it("knows the owner's chunks alone", async () => {
    const { database, table } = storage();
    const [mine, theirs] = [await newChunks(), await newChunks()];
    const [sea = "", mill = ""] = leaves;
    const asked = { ownerId: mine.ownerId, queryVector: query, weight: 1 };
    const own = { ...asked, bestIds: [mine.idOf(sea)], chunkIds: [mine.idOf(mill)] };
    const alone = await compareWithFeedback(database, table, own);
    const mixed = await compareWithFeedback(database, table, {
      ...asked,
      bestIds: [...own.bestIds, theirs.idOf(mill), randomUUID()],
      chunkIds: [...own.chunkIds, theirs.idOf(sea), randomUUID()],
    });
    expect(mixed).toEqual(alone);
    expect(alone.size).toBe(1);
    await embedWaiting(storage());
  });

  it.each([
    { what: "none of the best has a vector", best: ["waits"], asked: leaves },
    { what: "there is nothing to compare", best: leaves, asked: [] },
  ])("gives nothing where $what", async ({ best, asked }) => {
    const { database, table } = storage();
    const { ownerId, idOf } = await newChunks();
    const ids = { bestIds: best.map(idOf), chunkIds: asked.map(idOf) };
    const found = await compareWithFeedback(database, table, { ownerId, queryVector: query, weight: 1, ...ids });
    expect([...found.values()].filter((similarity) => !Number.isNaN(similarity))).toEqual([]);
    await embedWaiting(storage());
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = sum([...left].map((value, index) => value * (right[index] ?? 0)));
  return dot / (Math.hypot(...left) * Math.hypot(...right));
}
