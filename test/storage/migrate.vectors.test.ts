import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import type { Database } from "../../src/storage/database.ts";
import { ensureActiveModel } from "../../src/storage/embedding-models.ts";
import { changeMembership } from "../../src/storage/index-membership.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { vectorArrayParameter } from "../../src/storage/vector-codec.ts";
import { listPartitions } from "../../src/storage/vector-index.ts";
import { testDatabases } from "../support/databases.ts";
import { dimension, embedWaiting, hashingModel, openEmpty, schema } from "../support/test-storage.ts";
import { countMembers, nearestInIndex, ownerWithVectors, readVectorIndexes } from "../support/vector-index.ts";

const initial = new URL("../../src/storage/migrations/0001-initial.sql", import.meta.url);

/** Makes the database that the first release made, with vectors in it: `texts` are the leaves of one document. */
async function makeFirstRelease(database: Database, document: { ownerId: string; documentId: string; texts: readonly string[] }) {
  const { ownerId, documentId, texts } = document;
  const sql = await readFile(initial, "utf8");
  const name = "embeddings_hashing_64";
  const partitions = Array.from(
    { length: 8 },
    (_, remainder) =>
      `create table ${name}_${remainder} partition of ${name} for values with (modulus 8, remainder ${remainder});
       alter table ${name}_${remainder} alter column embedding set storage plain;`,
  );
  const statements = [
    "create extension vector schema public",
    `create schema "${schema}"`,
    `create table schema_migrations (
       version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`,
    sql,
    `create table ${name} (
       owner_id text not null, chunk_id uuid not null, indexed boolean not null default false, embedding halfvec(64) not null,
       primary key (owner_id, chunk_id), foreign key (owner_id, chunk_id) references document_chunks on delete cascade
     ) partition by hash (owner_id);
     ${partitions.join("\n")}`,
    `insert into embedding_models (model_id, provider, name, dimension, table_name, state, created_at)
     values ('hashing/64', 'hashing', '64', 64, '${name}', 'active', now())`,
  ];
  for (const statement of statements) await database.query("make_first_release", statement);
  const checksum = createHash("sha256").update(sql).digest("hex");
  await database.query("record", "insert into schema_migrations (version, name, checksum) values (1, '0001-initial', $1)", [
    checksum,
  ]);
  await database.query(
    "add_document",
    `insert into documents (owner_id, document_id, id_at_origin, document_name, document_type, metadata, language, fingerprint,
       chunk_count, size_bytes, version, created_at, updated_at)
     values ($1, $2, 'origin', 'name', 'text', '{}', 'en', '', $3, 1, 1, now(), now())`,
    [ownerId, documentId, texts.length],
  );
  const chunkIds = texts.map(() => randomUUID());
  await database.query(
    "add_chunks",
    `insert into document_chunks (owner_id, chunk_id, document_id, chunk_level, chunk_index, char_start, char_end, token_count,
       metadata, content, text_config)
     select $1, c.chunk_id, $2, 0, 0, 0, 1, 1, '{}', c.content, 'english' from unnest($3::uuid[], $4::text[]) as c (chunk_id, content)`,
    [ownerId, documentId, chunkIds, texts],
  );
  const vectors = texts.map((text) => embedHashedWords(text, dimension));
  await database.query(
    "add_vectors",
    `insert into ${name} (owner_id, chunk_id, embedding) select $1, * from unnest($2::uuid[], $3::halfvec[])`,
    [ownerId, chunkIds, vectorArrayParameter({ vectorType: "halfvec" }, vectors)],
  );
  return chunkIds;
}

describe.each(testDatabases())("a database of the first release with vectors, on $name", (kind) => {
  it("gets their documents and the approximate index, and goes on as it was", async () => {
    const { database, drop } = await openEmpty(kind);
    try {
      const document = { ownerId: "owner", documentId: randomUUID(), texts: ["red fox", "blue sea", "green hill"] };
      const chunkIds = await makeFirstRelease(database, document);
      expect(await migrate(database, schema)).toContain("0002-search");
      const table = await ensureActiveModel(database, hashingModel, new Date());
      expect(table).toMatchObject({ vectorType: "halfvec", indexProfile: "balanced" });
      const { rows } = await database.query(
        "read_documents",
        `select distinct document_id as "documentId", indexed from ${table.tableName} where owner_id = 'owner'`,
      );
      expect(rows).toEqual([{ documentId: document.documentId, indexed: false }]);
      const storage = { database, table };
      const partitions = await listPartitions(database, table);
      expect(partitions).toHaveLength(8);
      expect(await readVectorIndexes(storage)).toEqual(
        partitions.map((partition) => ({
          name: `${partition}_hnsw`,
          definition: " WITH (m='16', ef_construction='200') WHERE indexed",
          is_valid: true,
        })),
      );
      await changeMembership(database, table, { ownerId: "owner", indexed: true, count: 10, afterChunkId: undefined });
      const found = await nearestInIndex(storage, "owner", embedHashedWords("blue sea", dimension));
      expect(found.chunkId).toBe(chunkIds[1]);
      await ownerWithVectors(storage, 2, "owner");
      await embedWaiting(storage);
      expect(await countMembers(storage, "owner")).toEqual({ indexed: 3, unindexed: 2 });
    } finally {
      await drop();
    }
  });
});
