import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CancelledError } from "../../src/domain/errors.ts";
import { type CopyColumn, copyRows, vectorColumn } from "../../src/storage/copy-rows.ts";
import type { Database, Transaction } from "../../src/storage/database.ts";
import { embeddedDatabase, hasRealPostgres } from "../support/databases.ts";
import { realPostgres, useStorage } from "../support/test-storage.ts";

interface Row {
  readonly id: string;
  readonly words: string | null;
  readonly bytes: Buffer;
  readonly facts: unknown;
  readonly small: number;
  readonly number: number;
  readonly moment: Date;
  readonly vector: Float32Array;
}

const table = "llmemory.copied";
const columns: readonly CopyColumn<Row>[] = [
  { name: "id", write: ({ id }, writer) => writer.uuid(id) },
  { name: "words", write: ({ words }, writer) => (words === null ? writer.null() : writer.text(words)) },
  { name: "bytes", write: ({ bytes }, writer) => writer.bytes(bytes) },
  { name: "facts", write: ({ facts }, writer) => writer.json(facts) },
  { name: "small", write: ({ small }, writer) => writer.smallint(small) },
  { name: "number", write: ({ number }, writer) => writer.integer(number) },
  { name: "moment", write: ({ moment }, writer) => writer.timestamp(moment) },
  vectorColumn("vector", { vectorType: "halfvec" }, ({ vector }) => vector),
];

function row(given: Partial<Row> = {}): Row {
  return {
    id: randomUUID(),
    words: "some words",
    bytes: Buffer.from([0, 255, 7]),
    facts: { a: [1, "two", null] },
    small: -2,
    number: 2_147_483_647,
    moment: new Date("1999-12-31T23:59:59.999Z"),
    vector: Float32Array.of(0.5, -0.25),
    ...given,
  };
}

describe.skipIf(!hasRealPostgres())("copying rows, on a real PostgreSQL", () => {
  const storage = useStorage(realPostgres);

  async function createTable(): Promise<Database> {
    const { database } = storage();
    await database.query("drop", `drop table if exists ${table}`);
    await database.query(
      "create",
      `create table ${table} (id uuid primary key, words text, bytes bytea, facts jsonb, small smallint, number integer,
         moment timestamptz, vector halfvec(2), note text default 'by default')`,
    );
    return database;
  }

  const copy = (transaction: Transaction, rows: readonly Row[]) => {
    if (!transaction.copy) throw new Error("a server can copy");
    return copyRows(transaction.copy, "copy_test_rows", { table, columns }, rows);
  };

  it("stores every value as it was, and defaults where a column is left out", async () => {
    const database = await createTable();
    const rows = [
      row(),
      row({ words: null, facts: [], small: 32_767, number: -1, moment: new Date(0) }),
      row({ words: "", facts: "text", bytes: Buffer.alloc(0), moment: new Date("2026-02-03T04:05:06.789Z") }),
      row({ words: "Grüße 漢字 👩‍👩‍👧 \t\n\\N", facts: { ключ: "👍" } }),
      // Longer than a piece.
      row({ words: "é".repeat(300_000) }),
    ];
    await database.transaction((transaction) => copy(transaction, rows));
    const { rows: stored } = await database.query<Row & { note: string; vector_text: string }>(
      "read",
      `select id, words, bytes, facts, small, number, moment, vector::text as vector_text, note from ${table}`,
    );
    const byId = new Map(stored.map((each) => [each.id, each]));
    for (const { vector, ...values } of rows)
      expect(byId.get(values.id)).toEqual({ ...values, vector_text: `[${vector.join(",")}]`, note: "by default" });
  });

  it("sends many rows in pieces, and nothing where there are none", async () => {
    const database = await createTable();
    const rows = Array.from({ length: 20_000 }, (_, number) => row({ number }));
    await database.transaction(async (transaction) => {
      await copy(transaction, []);
      await copy(transaction, rows);
    });
    const { rows: sums } = await database.query("sum", `select count(*)::integer, sum(number)::integer from ${table}`);
    expect(sums).toEqual([{ count: 20_000, sum: (20_000 * 19_999) / 2 }]);
  });

  it("takes everything back if a row is refused, and the connection goes on working", async () => {
    const database = await createTable();
    const double = row();
    const rows = [...Array.from({ length: 5_000 }, () => row()), double, double, ...Array.from({ length: 5_000 }, () => row())];
    await expect(database.transaction((transaction) => copy(transaction, rows))).rejects.toMatchObject({ code: "23505" });
    expect((await database.query("count", `select from ${table}`)).rowCount).toBe(0);
    expect(database.poolStatistics().active).toBe(0);
    await database.transaction((transaction) => copy(transaction, [double]));
    expect((await database.query("count", `select from ${table}`)).rowCount).toBe(1);
  });

  it("takes everything back if a value cannot be written down", async () => {
    const database = await createTable();
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const rows = [...Array.from({ length: 2_000 }, () => row()), row({ facts: circular })];
    await expect(database.transaction((transaction) => copy(transaction, rows))).rejects.toThrow(TypeError);
    expect((await database.query("count", `select from ${table}`)).rowCount).toBe(0);
  });

  it("refuses a table that is not there", async () => {
    const { database } = storage();
    await database.query("drop", `drop table if exists ${table}`);
    await expect(database.transaction((transaction) => copy(transaction, [row()]))).rejects.toMatchObject({ code: "42P01" });
    expect((await database.query("next", "select 1")).rowCount).toBe(1);
  });

  it("is given up with its transaction, and leaves nothing", async () => {
    const database = await createTable();
    const caller = new AbortController();
    const work = database.transaction(
      async (transaction) => {
        await copy(transaction, [row()]);
        caller.abort();
        await copy(transaction, [row()]);
      },
      { signal: caller.signal },
    );
    await expect(work).rejects.toThrow(CancelledError);
    await expect.poll(() => database.poolStatistics().active).toBe(0);
    expect((await database.query("count", `select from ${table}`)).rowCount).toBe(0);
  });
});

describe("copying rows on the embedded database", () => {
  const storage = useStorage(embeddedDatabase);

  it("is not offered, since it would stop answering", async () => {
    expect(await storage().database.transaction(async ({ copy }) => copy)).toBeUndefined();
  });
});
