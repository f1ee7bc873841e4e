import { describe, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { ensureActiveModel } from "../../src/storage/embedding-models.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { testDatabases } from "../support/databases.ts";
import { hashingModel, openEmpty, schema, useStorage } from "../support/test-storage.ts";

const now = new Date("2026-01-01");
const e5 = { modelId: "local/e5-small-v2", provider: "local", name: "e5-small-v2", dimension: 384 };

describe.each(testDatabases())("the active embedding model on $name", (kind) => {
  const storage = useStorage(kind);

  it("has a table of its own, which is found again", async () => {
    const { database, table } = storage();
    expect(table).toEqual({ modelId: "hashing/64", dimension: 64, tableName: "embeddings_hashing_64" });
    expect(await ensureActiveModel(database, hashingModel, now)).toEqual(table);
  });

  it("stores its vectors in line, in partitions by owner", async () => {
    const { database, table } = storage();
    const { rows } = await database.query(
      "read_storage",
      `select count(*)::integer as partitions, min(a.attstorage::text) as least, max(a.attstorage::text) as most,
              min(format_type(a.atttypid, a.atttypmod)) as type
       from pg_inherits i join pg_attribute a on a.attrelid = i.inhrelid and a.attname = 'embedding'
       where i.inhparent = $1::regclass`,
      [table.tableName],
    );
    expect(rows).toEqual([{ partitions: 8, least: "p", most: "p", type: "halfvec(64)" }]);
  });

  it("cannot be replaced by another one, and the message names both and the way out", async () => {
    const replacing = () => ensureActiveModel(storage().database, e5, now);
    await expect(replacing).rejects.toThrow(StartupError);
    await expect(replacing).rejects.toThrow(
      /of model hashing\/64, but local\/e5-small-v2 is configured; set LLMEMORY_EMBEDDING_PROVIDER as it was, or use another/,
    );
  });

  it("cannot change its dimension", async () => {
    const widening = () => ensureActiveModel(storage().database, { ...hashingModel, dimension: 768 }, now);
    await expect(widening).rejects.toThrow(StartupError);
    await expect(widening).rejects.toThrow(
      /has 768 dimensions, but its table embeddings_hashing_64 stores 64; use the model files/,
    );
  });

  it("is refused where its vectors do not fit a page", async () => {
    const widest = () => ensureActiveModel(storage().database, { ...e5, dimension: 3_801 }, now);
    await expect(widest).rejects.toThrow(StartupError);
    await expect(widest).rejects.toThrow(/3801 dimensions, and at most 3800 can be stored; ask the provider for fewer/);
  });
});

describe.each(testDatabases())("the largest model that is not refused, on $name", (kind) => {
  it("has vectors that fit a page even for the longest owner", async () => {
    const { database, drop } = await openEmpty(kind);
    try {
      await migrate(database, schema);
      const { tableName } = await ensureActiveModel(database, { ...e5, dimension: 3_800 }, now);
      await database.query("free_of_chunks", `alter table ${tableName} drop constraint ${tableName}_owner_id_chunk_id_fkey`);
      const vector = `[${Array.from({ length: 3_800 }, (_, index) => index / 3_800).join(",")}]`;
      const values = ["o".repeat(255), vector];
      await database.query(
        "fill",
        `insert into ${tableName} (owner_id, chunk_id, embedding) values ($1, gen_random_uuid(), $2)`,
        values,
      );
    } finally {
      await drop();
    }
  });
});
