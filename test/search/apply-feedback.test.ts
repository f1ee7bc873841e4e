import { beforeAll, describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { applyFeedback } from "../../src/search/apply-feedback.ts";
import { fuse, type ScoredCandidate } from "../../src/search/fuse.ts";
import type { Candidate } from "../../src/search/rank-leaves.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { newQuery } from "../support/search-answers.ts";
import { dimension, embedWaiting, newOwner, recordStatements, useStorage } from "../support/test-storage.ts";

const leaves = ["windmill grinds corn flour", "corn flour bread", "quarry stone dust", "windmill", "windmill flour"];
const queryText = "windmill";
const queryVector = embedHashedWords(queryText, dimension);

function similarityOf(text: string): number {
  const vector = embedHashedWords(text, dimension);
  return vector.reduce((sum, component, index) => sum + component * (queryVector[index] ?? 0), 0);
}

describe.each(testDatabases())("feedback of the best candidates on $name", (kind) => {
  const storage = useStorage(kind);
  const ownerId = newOwner();
  const asked = { ownerId, queryText, alpha: 0.5, relevanceFeedback: 1 };
  let chunkIds: string[] = [];

  beforeAll(async () => {
    await store(storage().database, [{ ownerId, leaves }]);
    await embedWaiting(storage());
    const { rows } = await storage().database.query<{ chunk_id: string }>(
      "chunks_of_owner",
      "select chunk_id from document_chunks where owner_id = $1 order by chunk_index",
      [ownerId],
    );
    chunkIds = rows.map((row) => row.chunk_id);
  });

  /** All chunks as the vector side gives them, but for what a test says of each. */
  function ranked(query: SearchQuery, given: (leaf: number) => Partial<Candidate> = () => ({})): ScoredCandidate[] {
    const candidates = leaves.map((text, leaf): Candidate => {
      const similarity = similarityOf(text);
      const textRank = text.includes(queryText) ? 2 : undefined;
      const textPosition = textRank && leaf + 1;
      return {
        chunkId: chunkIds[leaf] ?? "",
        speaker: undefined,
        similarity,
        textRank,
        vectorPosition: leaf + 1,
        textPosition,
        ...given(leaf),
      };
    });
    return fuse(candidates, query);
  }

  async function apply(
    query: SearchQuery,
    candidates: readonly ScoredCandidate[],
    vector: Float32Array | undefined = queryVector,
  ) {
    const { queryable, names } = recordStatements(storage().database);
    const found = await applyFeedback({ transaction: queryable, table: storage().table }, query, vector, candidates);
    return { found, names };
  }

  const scoreOf = (candidates: readonly ScoredCandidate[], leaf: number) =>
    candidates.find(({ chunkId }) => chunkId === chunkIds[leaf])?.score ?? Number.NaN;

  it("moves up what resembles them, in one statement, and shows the similarity to the query as before", async () => {
    const query = newQuery(asked);
    // Three others are taken for answers.
    const before = ranked(query, (leaf) => (leaf === 1 || leaf === 2 ? { similarity: 0 } : {}));
    expect(scoreOf(before, 1)).toBe(scoreOf(before, 2));
    const { found, names } = await apply(query, before);
    expect(names).toEqual(["compare_with_feedback"]);
    expect(scoreOf(found, 1)).toBeGreaterThan(scoreOf(found, 2));
    const shown = (candidates: readonly ScoredCandidate[]) => new Map(candidates.map((c) => [c.chunkId, c.similarity]));
    expect(shown(found)).toEqual(shown(before));
    const scores = found.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((left, right) => right - left));
  });

  it.each<{ what: string; given: Partial<SearchQuery> }>([
    { what: "it is not asked for", given: { relevanceFeedback: 0 } },
    { what: "vectors alone are asked for", given: { searchType: "vector" } },
    { what: "words alone are asked for", given: { searchType: "text" } },
    { what: "positions alone count", given: { fusion: "rrf" } },
    { what: "only the vector side counts", given: { alpha: 1 } },
    { what: "only the words count", given: { alpha: 0 } },
  ])("changes nothing where $what", async ({ given }) => {
    const query = newQuery({ ...asked, ...given });
    const before = ranked(query);
    const { found, names } = await apply(query, before);
    expect(found).toBe(before);
    expect(names).toEqual([]);
  });

  it("changes nothing where nothing can be compared", async () => {
    const query = newQuery(asked);
    const waiting = ranked(query, () => ({ similarity: undefined, vectorPosition: undefined }));
    const chat = ranked(query, () => ({ speaker: "Ada" }));
    for (const before of [waiting, chat, []]) {
      const { found, names } = await apply(query, before);
      expect(found).toBe(before);
      expect(names).toEqual([]);
    }
    const before = ranked(query);
    const found = await applyFeedback({ transaction: storage().database, table: storage().table }, query, undefined, before);
    expect(found).toBe(before);
  });

  it("takes no message of a chat for an answer, but compares it with those that are", async () => {
    const query = newQuery({ ...asked, speakerBoost: 0 });
    const withChat = (leaf: number): Partial<Candidate> => (leaf === 0 ? { speaker: "Ada" } : {});
    const { found } = await apply(query, ranked(query, withChat));
    const { found: all } = await apply(query, ranked(query));
    expect(found).toHaveLength(leaves.length);
    expect(scoreOf(found, 0)).toBeLessThan(scoreOf(all, 0));
  });
});
