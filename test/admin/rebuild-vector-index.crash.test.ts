import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rebuildVectorIndex } from "../../src/admin/rebuild-vector-index.ts";
import { ConflictError } from "../../src/domain/errors.ts";
import type { IndexProfile } from "../../src/domain/index-profile.ts";
import { type EmbeddingTable, ensureActiveModel, readIndexProfile } from "../../src/storage/embedding-models.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { readVectorIndexState } from "../../src/storage/replace-vector-index.ts";
import { listPartitions } from "../../src/storage/vector-index.ts";
import { hasRealPostgres } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import type { RebuildOrder } from "../support/rebuild-process.ts";
import { hashingModel, openEmpty, realPostgres, schema } from "../support/test-storage.ts";
import { readVectorIndexes } from "../support/vector-index.ts";

const program = fileURLToPath(new URL("../support/rebuild-process.ts", import.meta.url));

describe.skipIf(!hasRealPostgres())("rebuilding the approximate index in a process that is killed, on a real PostgreSQL", () => {
  let opened: Awaited<ReturnType<typeof openEmpty>>;
  let table: EmbeddingTable;

  beforeAll(async () => {
    opened = await openEmpty(realPostgres);
    await migrate(opened.database, schema);
    table = await ensureActiveModel(opened.database, hashingModel, new Date());
  });
  afterAll(() => opened.drop());

  it("leaves the old index in use, and the next rebuild goes on where it was", async () => {
    const { database, settings } = opened;
    const partitions = await listPartitions(database, table);
    const held = partitions[3] ?? "";
    const order: RebuildOrder = { settings, model: hashingModel, profile: "fast" };
    // A transaction that writes to the fourth partition holds the rebuild up while it builds that one.
    await database.transaction(async (transaction) => {
      await transaction.query("hold", `lock table ${held} in row exclusive mode`);
      const rebuilder = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ["ignore", "pipe", "inherit"] });
      const exited = once(rebuilder, "exit");
      for await (const line of createInterface(rebuilder.stdout)) if (line === "building 3") break;
      const isBuilding = async () =>
        (await database.query("look", "select 1 from pg_stat_progress_create_index where relid = $1::regclass", [held])).rowCount;
      await expect.poll(isBuilding, { timeout: 10_000 }).toBe(1);
      const refused = rebuildVectorIndex({ database, table }, "fast", never).next();
      await expect(refused).rejects.toThrow(ConflictError);
      rebuilder.kill("SIGKILL");
      await exited;
      // The server notices within a second that nobody waits for the index any more.
      await expect.poll(isBuilding, { timeout: 10_000 }).toBe(0);
    });
    expect(await readIndexProfile(database, table)).toBe("balanced");
    const states = () => Promise.all(partitions.map((partition) => readVectorIndexState(database, partition, "fast")));
    expect((await states()).map((state) => state.isOfProfile)).toEqual(partitions.map((_, index) => index < 3));
    expect((await states())[3]).toMatchObject({ replacement: "useless", hasReplaced: false });
    const done = await readFileNodes();
    await rebuildToEnd("fast");
    expect((await states()).every((state) => state.isOfProfile && state.replacement === "none" && !state.hasReplaced)).toBe(true);
    const after = await readFileNodes();
    for (const partition of partitions.slice(0, 3)) expect(after.get(`${partition}_hnsw`)).toBe(done.get(`${partition}_hnsw`));
    expect(await readIndexProfile(database, table)).toBe("fast");
  });

  it("is cleaned up wherever it was: a replacement that is complete is used, one replaced is dropped", async () => {
    const { database } = opened;
    await rebuildToEnd("fast");
    const [first, second, third] = await listPartitions(database, table);
    const definition = (partition: string | undefined, m: number, efConstruction: number) =>
      `on ${partition} using hnsw (embedding halfvec_cosine_ops) with (m = ${m}, ef_construction = ${efConstruction}) where indexed`;
    await database.query("complete", `create index ${first}_hnsw_new ${definition(first, 16, 200)}`);
    await database.query("renamed", `alter index ${second}_hnsw rename to ${second}_hnsw_old`);
    await database.query("renamed", `create index ${second}_hnsw ${definition(second, 16, 200)}`);
    await database.query("foreign", `create index ${third}_hnsw_new ${definition(third, 32, 400)}`);
    const before = await readFileNodes();
    await rebuildToEnd("balanced");
    const after = await readFileNodes();
    expect(after.get(`${first}_hnsw`)).toBe(before.get(`${first}_hnsw_new`));
    expect(after.get(`${second}_hnsw`)).toBe(before.get(`${second}_hnsw`));
    const partitions = await listPartitions(database, table);
    expect(await readVectorIndexes({ database, table })).toEqual(
      partitions.map((partition) => ({
        name: `${partition}_hnsw`,
        definition: " WITH (m='16', ef_construction='200') WHERE indexed",
        is_valid: true,
      })),
    );
  });

  async function rebuildToEnd(profile: IndexProfile): Promise<void> {
    for await (const _ of rebuildVectorIndex({ database: opened.database, table }, profile, never));
  }

  async function readFileNodes(): Promise<Map<string, number>> {
    const { rows } = await opened.database.query<{ name: string; node: number }>(
      "read_file_nodes",
      "select relname as name, relfilenode::integer as node from pg_class where relname like 'embeddings%hnsw%'",
    );
    return new Map(rows.map((row) => [row.name, row.node]));
  }
});
