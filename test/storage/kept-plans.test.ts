import pg from "pg";
import { afterEach, describe, expect, it, vi } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { preparedName } from "../../src/storage/kept-plans.ts";
import { loadHits } from "../../src/storage/load-hits.ts";
import { testDatabases } from "../support/databases.ts";
import { readContents } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

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
