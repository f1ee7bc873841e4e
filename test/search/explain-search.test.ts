import { beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/domain/clock.ts";
import { explainSearch } from "../../src/search/explain-search.ts";
import { search } from "../../src/search/search.ts";
import { SearchHistory } from "../../src/search/search-history.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { storeLargeOwner, wordOf } from "../support/large-owner.ts";
import { store } from "../support/prepared-documents.ts";
import { newQuery } from "../support/search-answers.ts";
import { newResultCache, newSearchDeps } from "../support/search-deps.ts";
import { embedWaiting, newOwner, silentLogger, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("explaining a search on $name", (kind) => {
  const storage = useStorage(kind);
  const small = newOwner();
  const large = newOwner();

  beforeAll(async () => {
    await store(storage().database, [
      { ownerId: small, leaves: ["the mill by the river", "a bridge", "corn bread"], parents: [3], metadata: { year: 1900 } },
    ]);
    await embedWaiting(storage());
    await storeLargeOwner(storage(), large, 520);
  });

  async function explain(given: Partial<SearchQuery>) {
    return await explainSearch(newSearchDeps(storage()), newQuery({ ownerId: small, queryText: "mill river", ...given }), never);
  }

  const filter = { metadata: { kind: "equal", path: ["half"], value: 1 } } as const;

  it.each<{ what: string; given: Partial<SearchQuery>; names: string[] }>([
    { what: "a small owner", given: {}, names: ["read_search_facts", "read_leaves_of_owner", "load_hits"] },
    { what: "words alone", given: { searchType: "text" }, names: ["read_search_facts", "read_leaves_of_owner", "load_hits"] },
    {
      what: "vectors alone",
      given: { searchType: "vector" },
      names: ["read_search_facts", "find_nearest_of_owner", "load_hits"],
    },
    {
      what: "variety and context",
      given: { mmrLambda: 0.5, contextWindow: 1, includeParentContext: true },
      names: ["read_search_facts", "read_leaves_of_owner", "load_hits", "read_vectors", "load_context"],
    },
    { what: "an owner that has nothing", given: { ownerId: newOwner() }, names: ["read_search_facts"] },
  ])("of $what gives every statement with a plan of its own", async ({ given, names }) => {
    const { answer, statements } = await explain(given);
    expect(statements.map(({ name }) => name)).toEqual(names);
    for (const { plan, sql, durationMs } of statements) {
      expect(plan).toContain("actual time=");
      expect(plan).toMatch(/Execution Time: \d/);
      expect(sql).toMatch(/^(select|with)/);
      expect(durationMs).toBeGreaterThan(0);
    }
    expect(answer.hits.length > 0).toBe(given.ownerId === undefined);
  });

  it("of a large owner gives the statements of its plan, under a filter as well", async () => {
    const queryText = [300, 400].map(wordOf).join(" ");
    const asked = { ownerId: large, queryText };
    const lookups = ["read_lexeme_frequencies", "count_terms"];
    const { statements } = await explain(asked);
    expect(statements.map(({ name }) => name)).toEqual([
      "read_search_facts",
      ...lookups,
      "find_nearest_exact",
      "read_leaves_of_ranges",
      "load_hits",
    ]);
    const filtered = await explain({ ...asked, filter });
    expect(filtered.statements.map(({ name }) => name)).toEqual([
      "read_search_facts",
      "count_allowed_chunks",
      "read_leaves_of_allowed",
      ...lookups,
      "load_hits",
    ]);
    for (const { plan } of [...statements, ...filtered.statements]) expect(plan).toContain("actual time=");
  });

  it("gives the answer that the search gives", async () => {
    for (const given of [{}, { ownerId: large, queryText: wordOf(500), filter }]) {
      const query = newQuery({ ownerId: small, queryText: "mill river", ...given });
      const { hits } = await search(newSearchDeps(storage()), query, never);
      const { answer } = await explainSearch(newSearchDeps(storage()), query, never);
      expect(answer.hits).toEqual(hits);
    }
  });

  it("is answered from no cache, fills none, and is not remembered", async () => {
    const { database, metrics } = storage();
    const history = new SearchHistory({ database, clock: systemClock, logger: silentLogger, metrics }, { days: 30 });
    const deps = newSearchDeps(storage(), { resultCache: newResultCache(storage()), history });
    const query = newQuery({ ownerId: small, queryText: "corn" });
    const first = await explainSearch(deps, query, never);
    const searched = await search(deps, query, never);
    expect(searched.receipt.cacheHit).toBe(false);
    const second = await explainSearch(deps, query, never);
    expect(second.answer.receipt.cacheHit).toBe(false);
    expect(second.statements).toHaveLength(first.statements.length);
    expect([first, second].map(({ answer }) => history.holds(answer.searchId))).toEqual([false, false]);
    expect(history.holds(searched.searchId)).toBe(true);
    await history.stop();
  });

  it("leaves nothing of the query in the statements but placeholders", async () => {
    const { statements } = await explain({ queryText: "mill unspeakable" });
    for (const { sql } of statements) expect(sql).not.toMatch(/mill|unspeakable/);
  });
});
