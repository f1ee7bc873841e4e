import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterEach, describe, expect, it, vi } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { Parameters } from "../../src/storage/filter-sql.ts";
import { everyRow, preparedName } from "../../src/storage/kept-plans.ts";
import { loadHits } from "../../src/storage/load-hits.ts";
import { readLeaves } from "../../src/storage/read-leaves.ts";
import { readSearchFacts } from "../../src/storage/search-facts.ts";
import { testDatabases } from "../support/databases.ts";
import { readContents } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("kept plans on $name", (kind) => {
  const storage = useStorage(kind);
  afterEach(() => vi.restoreAllMocks());

  it("are those of searches alone, and outlive a change of the tables", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    await store(database, [{ ownerId, leaves: ["first", "second"] }]);
    const chunkIds = [...(await readContents(storage(), ownerId)).keys()];
    await database.transaction(async (transaction) => {
      const before = await loadHits(transaction, ownerId, chunkIds);
      const { rows: kept } = await transaction.query<{ statement: string }>(
        "read_kept",
        "select statement from pg_prepared_statements where name <> ''",
      );
      const statements = kept.map(({ statement }) => statement);
      expect(statements).toContainEqual(expect.stringContaining("d.created_at as document_created_at"));
      expect(statements).not.toContainEqual(expect.stringContaining("pg_prepared_statements"));
      await transaction.query("change_table", "alter table documents add column another integer");
      expect(await loadHits(transaction, ownerId, chunkIds)).toEqual(before);
      expect(before.hits.size).toBe(2);
      await transaction.query("change_back", "alter table documents drop column another");
    });
  });

  it("are kept of what small owners take most, also where one owner has nearly everything", async () => {
    const { database, table } = storage();
    const small = newOwner();
    const leavesOf = (count: number) => Array.from({ length: count }, (_, leaf) => `leaf ${leaf} tells of tea`);
    const expiresAt = new Date("2040-01-01");
    await store(database, [
      { ownerId: newOwner(), leaves: leavesOf(2_000) },
      { ownerId: small, leaves: leavesOf(200) },
    ]);
    await embedWaiting(storage());
    await database.query("expire", "update documents set expires_at = $1", [expiresAt]);
    for (const name of ["documents", "document_chunks", table.tableName, "owner_counters"])
      await database.query("analyze", `analyze ${name}`);
    const queryVector = new Float32Array(table.dimension).fill(1);
    const kept = await database.transaction(async (transaction) => {
      for (let search = 0; search < 8; search++) {
        const owner = { ownerId: small, modelId: table.modelId, now: new Date() };
        const query = { words: "tea leaf", phrases: [], excluded: [] };
        const { corpora } = await readSearchFacts(transaction, owner, query, undefined);
        const leaves = { ownerId: small, corpora, queryVector, scope: { kind: "owner" as const }, filter: {} };
        expect((await readLeaves(transaction, table, leaves)).count).toBe(200);
      }
      const { rows } = await transaction.query<{ statement: string }>(
        "read_kept",
        "select regexp_replace(name, '_[0-9]+$', '') as statement from pg_prepared_statements where generic_plans > 0 order by 1",
      );
      return rows.map(({ statement }) => statement);
    });
    expect(kept).toEqual(expect.arrayContaining(["read_leaves_of_owner", "read_search_facts"]));
  });

  it("lose no row to the conditions that hold of every one", async () => {
    const ids = ["00000000-0000-0000-0000-000000000000", randomUUID(), "ffffffff-ffff-ffff-ffff-ffffffffffff"];
    const parameters = new Parameters([ids]);
    const { rows } = await storage().database.query(
      "read_every_row",
      `select id from unnest($1::uuid[]) as k (id) where ${everyRow(["id", "id"], parameters)}`,
      parameters.values,
    );
    expect(rows).toHaveLength(ids.length);
  });

  it("are forgotten after a while, since the tables may have grown", async () => {
    const { database } = storage();
    await loadHits(database, newOwner(), []);
    const sent = vi.spyOn(pg.Client.prototype, "query");
    const texts = () => sent.mock.calls.map(([statement]: [unknown, ...unknown[]]) => (statement as pg.QueryConfig).text);
    await loadHits(database, newOwner(), []);
    expect(texts()).not.toContain("discard plans");
    const now = performance.now();
    vi.spyOn(performance, "now").mockReturnValue(now + limits.plansKeptMs);
    await loadHits(database, newOwner(), []);
    expect(texts().slice(-2)).toEqual(["discard plans", expect.stringContaining("documents")]);
  });
});

describe("names of kept plans", () => {
  it("are the same for the same text, and others for other texts", () => {
    const names = ["select 1", "select 2", "select 1"].map((text) => preparedName("load_hits", text));
    expect(names[0]).toMatch(/^load_hits_\d+$/);
    expect(names[1]).not.toBe(names[0]);
    expect(names[2]).toBe(names[0]);
  });

  it("are given to a bounded number of texts, and keep being theirs", () => {
    const first = preparedName("read_leaves_of_owner", "select 0 of 1000");
    const names = Array.from({ length: 1_000 }, (_, index) => preparedName("read_leaves_of_owner", `select ${index} of 1000`));
    expect(names[0]).toBe(first);
    expect(names.at(-1)).toBeUndefined();
    expect(names.filter((name) => name !== undefined).length).toBeLessThan(100);
  });

  it("are not given to statements that are planned for their parameters", () => {
    expect(preparedName("find_nearest", "select 1")).toBeUndefined();
  });
});
