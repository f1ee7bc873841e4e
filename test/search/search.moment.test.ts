import { describe, expect, it, vi } from "vitest";
import { type SearchDeps, search } from "../../src/search/search.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import type { Database } from "../../src/storage/database.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newQuery } from "../support/search-answers.ts";
import { newSearchDeps } from "../support/search-deps.ts";
import { embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("a search on $name while its owner's documents change", (kind) => {
  const storage = useStorage(kind);

  /** An owner with documents about tea, and what deletes the one that is found first. */
  async function newTea(query: Partial<SearchQuery>) {
    const ownerId = newOwner();
    const texts = ["tea", "tea and milk", "tea and milk and sugar", "water"];
    await store(
      storage().database,
      texts.map((text) => ({ ownerId, idAtOrigin: text, leaves: [text] })),
    );
    await embedWaiting(storage());
    const find = async (deps: SearchDeps) => {
      const { hits } = await search(deps, newQuery({ ownerId, queryText: "tea", limit: 3, ...query }), never);
      return hits.map(({ content }) => content);
    };
    const before = await find(newSearchDeps(storage()));
    const deleteFirst = async () => {
      await storage().database.transaction(async (transaction) => {
        await transaction.query("delete", "delete from documents where owner_id = $1 and id_at_origin = $2", [
          ownerId,
          before[0],
        ]);
        await transaction.query("touch", "update owner_counters set version = version + 1 where owner_id = $1", [ownerId]);
      });
    };
    return { before, find, deleteFirst };
  }

  /** The database, where something else happens just before the hits of a search are loaded for the first time. */
  function changing(change: () => Promise<void>) {
    const { database } = storage();
    let isDue = true;
    const query: Database["query"] = async (name, ...rest) => {
      if (name === "load_hits" && isDue) {
        isDue = false;
        await change();
      }
      return await database.query(name, ...rest);
    };
    const transaction = vi.fn(database.transaction.bind(database));
    return { kind: database.kind, query, transaction } as unknown as Database & { readonly transaction: typeof transaction };
  }

  it.each(["vector", "text", "hybrid"] as const)("is of one moment, and as full as it would be then: %s", async (searchType) => {
    const { before, find, deleteFirst } = await newTea({ searchType });
    expect(before).toHaveLength(3);
    const database = changing(deleteFirst);
    const found = await find(newSearchDeps({ ...storage(), database }));
    // Nobody else comes between the statements of the embedded database's one connection.
    const isMet = kind.name !== "embedded";
    expect(found).toEqual(isMet ? await find(newSearchDeps(storage())) : before);
    if (isMet) expect(found).not.toContain(before[0]);
    expect(database.transaction).toHaveBeenCalledTimes(1);
  });

  it("takes no transaction where nothing of the owner changes meanwhile, whatever becomes of others", async () => {
    const { before, find } = await newTea({});
    const { deleteFirst: deleteOther } = await newTea({});
    const database = changing(deleteOther);
    expect(await find(newSearchDeps({ ...storage(), database }))).toEqual(before);
    expect(database.transaction).toHaveBeenCalledTimes(kind.name === "embedded" ? 1 : 0);
  });
});
