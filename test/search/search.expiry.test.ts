import { beforeEach, describe, expect, it } from "vitest";
import { addDocument } from "../../src/documents/add-document.ts";
import { deleteExpiredDocuments } from "../../src/documents/delete-expired-documents.ts";
import { updateDocument } from "../../src/documents/update-document.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { batchSearch } from "../../src/search/batch-search.ts";
import { explainSearch } from "../../src/search/explain-search.ts";
import { type SearchDeps, search } from "../../src/search/search.ts";
import type { SearchQuery, SearchType } from "../../src/search/search-query.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { newQuery } from "../support/search-answers.ts";
import { newResultCache, newSearchDeps } from "../support/search-deps.ts";
import { embedWaiting, newOwner } from "../support/test-storage.ts";

const searchTypes: readonly SearchType[] = ["hybrid", "vector", "text"];

describe.each(testDatabases())("searching documents that expire, on $name", (kind) => {
  const documents = useDocuments(kind);
  const expiresAt = new Date("2026-03-01T13:00:00Z");
  let now: Date;
  let ownerId: string;
  let deps: SearchDeps;
  const clock = { now: () => now };
  const all = () => ({ ...documents(), clock });

  beforeEach(async () => {
    now = new Date("2026-03-01T12:00:00Z");
    ownerId = newOwner();
    deps = newSearchDeps(documents(), { clock, resultCache: newResultCache(documents()) });
    await add({ idAtOrigin: "stays", content: "The mill by the river." });
    await add({ idAtOrigin: "goes", content: "The mill on the hill.", expiresAt, metadata: { hill: true } });
    await embedWaiting(documents());
  });

  const add = (given: Partial<NewDocument>) =>
    addDocument(all(), newDocument({ ownerId, language: "en", ...given }), "committed", never);
  const find = (given: Partial<SearchQuery> = {}) => search(deps, newQuery({ ownerId, queryText: "mill", ...given }), never);
  const found = async (given: Partial<SearchQuery> = {}) => (await find(given)).hits.map((hit) => hit.idAtOrigin).toSorted();
  const sweep = () => deleteExpiredDocuments(all(), never);

  it.each(searchTypes)("finds them until then and at no time after, swept or not: %s", async (searchType) => {
    now = new Date(expiresAt.getTime() - 1);
    expect(await found({ searchType })).toEqual(["goes", "stays"]);
    now = expiresAt;
    expect(await found({ searchType })).toEqual(["stays"]);
    await sweep();
    expect(await found({ searchType })).toEqual(["stays"]);
  });

  it("gives no kept answer in which they are, keeps the one without them, and forgets that when they are gone", async () => {
    const hits = async () => (await find()).receipt.cacheHit;
    expect([await hits(), await hits()]).toEqual([false, true]);
    now = expiresAt;
    expect([await hits(), await hits()]).toEqual([false, true]);
    expect((await find()).hits.map((hit) => hit.idAtOrigin)).toEqual(["stays"]);
    await sweep();
    expect([await hits(), await hits()]).toEqual([false, true]);
  });

  it("finds them again where their expiry was moved in time, and neither before nor after an answer is kept", async () => {
    await find();
    const key = { ownerId, idAtOrigin: "goes" };
    await updateDocument(all(), { key, changes: { expiresAt: undefined }, expectedVersion: undefined }, never);
    now = new Date(expiresAt.getTime() + 1);
    expect(await found()).toEqual(["goes", "stays"]);
  });

  it("counts them no more among the owner's chunks and those that were compared", async () => {
    expect((await find({ searchType: "vector" })).receipt).toMatchObject({ ownerChunks: 2, candidatesVector: 2 });
    now = expiresAt;
    expect((await find({ searchType: "vector" })).receipt).toMatchObject({ ownerChunks: 1, candidatesVector: 1 });
    const filter = { metadata: { kind: "exists", path: ["hill"], exists: true } } as const;
    for (const searchType of searchTypes)
      expect(await find({ searchType, filter })).toMatchObject({ hits: [], receipt: { shortfallReason: "fewer_match" } });
  });

  it("answers nothing where all have expired", async () => {
    const key = { ownerId, idAtOrigin: "stays" };
    await updateDocument(all(), { key, changes: { expiresAt }, expectedVersion: undefined }, never);
    now = expiresAt;
    for (const searchType of searchTypes)
      expect(await find({ searchType })).toMatchObject({ hits: [], receipt: { ownerChunks: 0 } });
  });

  it("leaves them out of batches and of searches that are explained, with all that stands around results", async () => {
    now = expiresAt;
    const query = newQuery({ ownerId, queryText: "mill", contextWindow: 2, includeParentContext: true });
    const [batched] = await batchSearch(deps, [query], never);
    const { answer, statements } = await explainSearch(deps, query, never);
    for (const { hits } of [batched?.status === "fulfilled" ? batched.value : answer, answer]) {
      expect(hits.map((hit) => hit.idAtOrigin)).toEqual(["stays"]);
      expect(hits.flatMap((hit) => hit.context)).toEqual([]);
    }
    expect(statements.some(({ sql }) => sql.includes("expires_at is null"))).toBe(true);
  });

  it("takes no filter along while none has expired", async () => {
    const query = newQuery({ ownerId, queryText: "mill" });
    const { statements } = await explainSearch(deps, query, never);
    expect(statements.filter(({ sql }) => sql.includes("expires_at is null"))).toEqual([]);
  });
});
