import { describe, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { ensureActiveModel, newEmbeddingTable, readIndexProfile, saveIndexProfile } from "../../src/storage/embedding-models.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { vectorArrayParameter } from "../../src/storage/vector-codec.ts";
import { listPartitions } from "../../src/storage/vector-index.ts";
import { testDatabases } from "../support/databases.ts";
import { hashingModel, openEmpty, schema, useStorage } from "../support/test-storage.ts";
import { readVectorIndexes } from "../support/vector-index.ts";

const now = new Date("2026-01-01");
const e5 = { modelId: "local/e5-small-v2", provider: "local", name: "e5-small-v2", dimension: 384 };

describe.each(testDatabases())("the active embedding model on $name", (kind) => {
  const storage = useStorage(kind);

  it("has a table of its own, which is found again", async () => {
    const { database, table } = storage();
    const vectorType = database.kind === "embedded" ? "vector" : "halfvec";
    const tableName = "embeddings_hashing_64";
    expect(table).toEqual({ modelId: "hashing/64", dimension: 64, tableName, vectorType, indexProfile: "balanced" });
    expect(await ensureActiveModel(database, hashingModel, now)).toEqual(table);
  });

  it("stores its vectors in line, on a server in partitions by owner", async () => {
    const { database, table } = storage();
    const partitions = await listPartitions(database, table);
    const { rows } = await database.query(
      "read_storage",
      `select distinct a.attstorage::text as storage, format_type(a.atttypid, a.atttypmod) as type
       from unnest($1::text[]) as p (name)
       join pg_attribute a on a.attrelid = p.name::regclass and a.attname = 'embedding'`,
      [partitions],
    );
    expect(rows).toEqual([{ storage: "p", type: `${table.vectorType}(64)` }]);
    const numbers = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(partitions).toEqual(
      kind.name === "embedded" ? [table.tableName] : numbers.map((number) => `${table.tableName}_${number}`),
    );
  });

  it("has an approximate index of its own profile in each partition, for the rows that are marked", async () => {
    const { database, table } = storage();
    const partitions = await listPartitions(database, table);
    expect(await readVectorIndexes(storage())).toEqual(
      partitions.map((partition) => ({
        name: `${partition}_hnsw`,
        definition: " WITH (m='16', ef_construction='200') WHERE indexed",
        is_valid: true,
      })),
    );
  });

  it("is of the profile that the registry says now", async () => {
    const { database, table } = storage();
    await saveIndexProfile(database, table, "fast");
    expect(await readIndexProfile(database, table)).toBe("fast");
    expect((await ensureActiveModel(database, hashingModel, now)).indexProfile).toBe("fast");
    await saveIndexProfile(database, table, "balanced");
  });

  it("stays the one whose vectors are stored, whichever is configured", async () => {
    const { database, table } = storage();
    expect(await ensureActiveModel(database, e5, now)).toEqual(table);
  });

  it("gets a table with a name of its own where another model's would be called the same", () => {
    const { database } = storage();
    const named = (modelId: string) => ({ ...e5, modelId });
    const one = newEmbeddingTable(database.kind, named("openai/a-b"), []);
    const other = newEmbeddingTable(database.kind, named("openai/a_b"), [one]);
    expect(one.tableName).toBe("embeddings_openai_a_b");
    expect(other.tableName).toMatch(/^embeddings_openai_a_b_[0-9a-f]{8}$/);
    const long = newEmbeddingTable(database.kind, named(`openai/${"x".repeat(200)}`), []);
    expect(newEmbeddingTable(database.kind, named(`openai/${"x".repeat(201)}`), [long]).tableName).toHaveLength(50);
  });

  it("cannot change its dimension", async () => {
    const widening = () => ensureActiveModel(storage().database, { ...hashingModel, dimension: 768 }, now);
    await expect(widening).rejects.toThrow(StartupError);
    await expect(widening).rejects.toThrow(
      /has 768 dimensions, but its table embeddings_hashing_64 stores 64; set LLMEMORY_EMBEDDING_DIMENSION.*llmemory model start/,
    );
  });

  it("is refused in an empty database where its vectors do not fit a page", async () => {
    const { database, drop } = await openEmpty(kind);
    try {
      await migrate(database, schema);
      const widest = () => ensureActiveModel(database, { ...e5, dimension: 3_801 }, now);
      await expect(widest).rejects.toThrow(StartupError);
      await expect(widest).rejects.toThrow(/3801 dimensions, and at most 3800 can be stored; ask the provider for fewer/);
    } finally {
      await drop();
    }
  });
});

describe.each(testDatabases())("the largest models that are not refused, on $name", (kind) => {
  // The embedded database stores up to 1,900 dimensions with four bytes each.
  it.each([1_900, 1_901, 3_800])("have %i-dimensional vectors that fit a page even for the longest owner", async (dimension) => {
    const { database, drop } = await openEmpty(kind);
    try {
      await migrate(database, schema);
      const table = await ensureActiveModel(database, { ...e5, dimension }, now);
      const { tableName, vectorType } = table;
      expect(vectorType).toBe(kind.name === "embedded" && dimension === 1_900 ? "vector" : "halfvec");
      await database.query("free_of_chunks", `alter table ${tableName} drop constraint ${tableName}_owner_id_chunk_id_fkey`);
      const vectors = [1, 2, 3].map((seed) => Float32Array.from({ length: dimension }, (_, index) => Math.sin(index * seed)));
      await database.query(
        "fill",
        `insert into ${tableName} (owner_id, chunk_id, document_id, indexed, embedding)
         select $1, gen_random_uuid(), gen_random_uuid(), true, vector from unnest($2::${vectorType}[]) as v (vector)`,
        ["o".repeat(255), vectorArrayParameter(table, vectors)],
      );
    } finally {
      await drop();
    }
  });
});
