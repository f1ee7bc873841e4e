import { describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { type Candidate, type CandidateQuery, findCandidates } from "../../src/storage/find-candidates.ts";
import { loadHits } from "../../src/storage/load-hits.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

/** A vector at the given angle to the first axis, so that its similarity to that axis is the cosine. */
function atAngle(degrees: number): Float32Array {
  const vector = new Float32Array(dimension);
  vector[0] = Math.cos((degrees * Math.PI) / 180);
  vector[1] = Math.sin((degrees * Math.PI) / 180);
  return vector;
}

describe.each(testDatabases())("candidates on $name", (kind) => {
  const storage = useStorage(kind);

  async function find(query: Partial<CandidateQuery> & { ownerId: string }) {
    const { database, table } = storage();
    const found = await findCandidates(database, table, {
      filter: {},
      queryText: undefined,
      queryVector: undefined,
      count: 100,
      ...query,
    });
    const hits = await loadHits(
      database,
      query.ownerId,
      found.candidates.map((candidate) => candidate.chunkId),
    );
    const named = found.candidates.map((candidate) => ({ ...candidate, content: hits.get(candidate.chunkId)?.content ?? "" }));
    return { ...found, candidates: named };
  }

  it("of the vector side are the nearest, with their similarity and position", async () => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: ["80", "10", "45", "170"] }]);
    await embedWaiting(storage(), (text) => atAngle(Number(text)));
    const { candidates, vectorCount, textCount } = await find({ ownerId, queryVector: atAngle(0), count: 3 });
    expect([vectorCount, textCount]).toBeDefined();
    expect(inOrder(candidates, "vectorPosition").map((c) => [c.content, c.vectorPosition, c.textPosition])).toEqual([
      ["10", 1, undefined],
      ["45", 2, undefined],
      ["80", 3, undefined],
    ]);
    for (const candidate of candidates)
      expect(candidate.similarity).toBeCloseTo(Math.cos((Number(candidate.content) * Math.PI) / 180), 3);
    expect({ vectorCount, textCount }).toEqual({ vectorCount: 4, textCount: 0 });
  });

  it("of either side carry the other side's value as well, beyond its best", async () => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: ["near", "apple near", "apple apple far"] }]);
    const angles = new Map([
      ["near", 5],
      ["apple near", 10],
      ["apple apple far", 120],
    ]);
    await embedWaiting(storage(), (text) => atAngle(angles.get(text) ?? 0));
    const { candidates } = await find({ ownerId, queryText: "apple", queryVector: atAngle(0), count: 1 });
    expect(byContent(candidates)).toEqual([
      { content: "apple apple far", vectorPosition: undefined, textPosition: 1, hasRank: true, similarity: -0.5 },
      { content: "near", vectorPosition: 1, textPosition: undefined, hasRank: false, similarity: 1 },
    ]);
  });

  it("of the text side are there before they have vectors", async () => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: ["apple embedded"] }]);
    await embedWaiting(storage());
    await store(storage().database, [{ ownerId, leaves: ["apple waiting"] }]);
    const found = await find({ ownerId, queryText: "apples", queryVector: embedHashedWords("apple", dimension) });
    expect(found).toMatchObject({ vectorCount: 1, textCount: 2, ownerChunkCount: 2, ownerEmbeddedCount: 1 });
    const waiting = found.candidates.find((candidate) => candidate.content === "apple waiting");
    expect(waiting).toMatchObject({ similarity: undefined, vectorPosition: undefined });
  });

  it("are the owner's alone, on both sides", async () => {
    const [ownerId, other] = [newOwner(), newOwner()];
    await store(storage().database, [
      { ownerId, leaves: ["apple mine"] },
      { ownerId: other, leaves: ["apple theirs", "apple apple"] },
    ]);
    await embedWaiting(storage());
    const found = await find({ ownerId, queryText: "apple", queryVector: embedHashedWords("apple", dimension) });
    expect(found.candidates.map((candidate) => candidate.content)).toEqual(["apple mine"]);
    expect(found).toMatchObject({ vectorCount: 1, textCount: 1, ownerChunkCount: 1, ownerEmbeddedCount: 1 });
  });

  it("are as many under a filter as it leaves, however many others are nearer", async () => {
    const ownerId = newOwner();
    const near = Array.from({ length: 300 }, (_, index) => `apple ${index}`);
    await store(storage().database, [
      { ownerId, idAtOrigin: "near", leaves: near },
      { ownerId, idAtOrigin: "wanted", leaves: ["apple far 1", "apple far 2"] },
    ]);
    await embedWaiting(storage(), (text) => atAngle(text.includes("far") ? 90 : 1));
    const filter = { idsAtOrigin: ["wanted"] };
    const found = await find({ ownerId, filter, queryText: "apple", queryVector: atAngle(0), count: 10 });
    expect(found.candidates.map((candidate) => candidate.content).sort()).toEqual(["apple far 1", "apple far 2"]);
    expect(found).toMatchObject({ vectorCount: 2, textCount: 2, ownerChunkCount: 302 });
  });

  it("come in one order each time, equal ones by id", async () => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: Array.from({ length: 20 }, () => "apple") }]);
    await embedWaiting(storage(), () => atAngle(30));
    const { candidates } = await find({ ownerId, queryText: "apple", queryVector: atAngle(0), count: 5 });
    const ids = inOrder(candidates, "vectorPosition").map((candidate) => candidate.chunkId);
    expect(ids).toEqual(ids.toSorted());
    expect(inOrder(candidates, "textPosition").map((candidate) => candidate.chunkId)).toEqual(ids);
  });

  it("are none for an owner without documents, or for words that are all stop words", async () => {
    const ownerId = newOwner();
    const none = { candidates: [], vectorCount: 0, textCount: 0, ownerChunkCount: 0, ownerEmbeddedCount: 0, truncated: false };
    expect(await find({ ownerId, queryText: "apple", queryVector: atAngle(0) })).toEqual(none);
    await store(storage().database, [{ ownerId, leaves: ["the apple and the pear"] }]);
    expect(await find({ ownerId, queryText: "the and of" })).toEqual({ ...none, ownerChunkCount: 1 });
  });

  it.each([
    "a & b | !c <-> d",
    "'quoted' \\ back\\slash",
    ":* (( )) ''",
    "50% _off_",
    "日本語 🎈 مرحبا",
    "<b>html</b> &amp;",
    "x".repeat(1_000),
  ])("take the query %j as words and never as syntax", async (queryText) => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: [queryText, "something else"], textConfig: "simple" }]);
    const { candidates } = await find({ ownerId, queryText });
    expect(candidates.map((candidate) => candidate.content)).toEqual(/[\p{L}\p{N}]/u.test(queryText) ? [queryText] : []);
  });
});

function inOrder<T extends Candidate>(candidates: readonly T[], position: "vectorPosition" | "textPosition"): T[] {
  return candidates
    .filter((candidate) => candidate[position] !== undefined)
    .toSorted((left, right) => (left[position] ?? 0) - (right[position] ?? 0));
}

function byContent(candidates: readonly (Candidate & { content: string })[]) {
  return candidates
    .toSorted((left, right) => (left.content < right.content ? -1 : 1))
    .map(({ content, vectorPosition, textPosition, textRank, similarity }) => ({
      content,
      vectorPosition,
      textPosition,
      hasRank: textRank !== undefined,
      similarity: Number((similarity ?? Number.NaN).toFixed(2)),
    }));
}
