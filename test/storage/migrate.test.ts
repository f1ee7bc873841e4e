import { readdirSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import type { Database } from "../../src/storage/database.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { openDatabase } from "../../src/storage/open-database.ts";
import { createTestDatabase, embeddedDatabase, hasRealPostgres, testDatabases } from "../support/databases.ts";
import { openEmpty, schema, silentLogger } from "../support/test-storage.ts";

type Opened = Awaited<ReturnType<typeof openEmpty>>;

const applied = readdirSync(new URL("../../src/storage/migrations", import.meta.url))
  .map((file) => file.replace(/\.sql$/, ""))
  .sort();

describe.each(testDatabases())("migrating on $name", (kind) => {
  let opened: Opened | undefined;

  afterEach(async () => {
    await opened?.drop();
    opened = undefined;
  });

  async function open(): Promise<Database> {
    opened = await openEmpty(kind);
    return opened.database;
  }

  it("creates the schema once, and says what it did", async () => {
    const database = await open();
    expect(await migrate(database, schema)).toEqual(applied);
    expect(await migrate(database, schema)).toEqual([]);
  });

  it("puts every table, index and type into the schema llmemory and nothing but pgvector into public", async () => {
    const database = await open();
    await migrate(database, schema);
    const { rows } = await database.query<{ schema: string }>(
      "list_relations",
      `select distinct n.nspname as schema
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`,
    );
    expect(rows).toEqual([{ schema: "llmemory" }]);
    const { rows: functions } = await database.query(
      "list_foreign_functions",
      `select p.proname
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname = 'public' and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')`,
    );
    expect(functions).toEqual([]);
  });

  it("refuses the schema of a newer release, and one whose migrations were changed after they had been applied", async () => {
    const database = await open();
    await migrate(database, schema);
    await database.query("pretend", "update schema_migrations set checksum = 'other' where version = 1");
    await expect(migrate(database, schema)).rejects.toThrow(StartupError);
    await expect(migrate(database, schema)).rejects.toThrow(/0001-initial was changed/);
    await database.query(
      "pretend",
      "update schema_migrations set version = 9999, name = '9999-from-the-future' where version = 1",
    );
    await expect(migrate(database, schema)).rejects.toThrow(StartupError);
    await expect(migrate(database, schema)).rejects.toThrow(/newer llmemory \(migration 9999-from-the-future\)/);
  });

  it("refuses a pgvector that can lose rows, says how to update, and accepts later ones", async () => {
    const database = await open();
    await migrate(database, schema);
    const pretend = (version: string) =>
      database.query("pretend", "update pg_extension set extversion = $1 where extname = 'vector'", [version]);
    for (const version of ["0.8.3", "0.7.10", "0.5.0"]) {
      await pretend(version);
      await expect(migrate(database, schema)).rejects.toThrow(StartupError);
      await expect(migrate(database, schema)).rejects.toThrow(
        `pgvector ${version}, whose indexes can lose rows; llmemory needs 0.8.4 or later; run: alter extension vector update`,
      );
    }
    for (const version of ["0.8.4", "0.8.10", "0.10.0", "1.0.0"]) {
      await pretend(version);
      expect(await migrate(database, schema)).toEqual([]);
    }
  });

  it("leaves nothing behind when it fails", async () => {
    const database = await open();
    // The name is taken, so that the migration fails at its first table.
    await database.query("occupy", "create schema llmemory");
    await database.query("occupy", "create table llmemory.ingest_failures (id integer)");
    await expect(migrate(database, schema)).rejects.toThrow("ingest_failures");
    await database.query("free", "drop table llmemory.ingest_failures");
    const { rowCount } = await database.query("list", "select 1 from pg_tables where schemaname = 'llmemory'");
    expect(rowCount).toBe(0);
    expect(await migrate(database, schema)).toEqual(applied);
  });
});

describe("a database without pgvector", () => {
  it("is refused with the version to install", async () => {
    const { database, drop } = await openEmpty(embeddedDatabase);
    try {
      // pg_available_extensions cannot be emptied in a test, so the one statement that reads it is answered as such a server would.
      const without: Database = {
        ...database,
        kind: "embedded",
        transaction: (work) =>
          database.transaction((transaction) =>
            work({
              query: (name, text, ...rest) =>
                transaction.query(
                  name,
                  name === "read_vector_version" ? "select null as installed, null as available" : text,
                  ...rest,
                ),
            }),
          ),
      };
      await expect(migrate(without, schema)).rejects.toThrow(StartupError);
      await expect(migrate(without, schema)).rejects.toThrow(/no pgvector; install pgvector 0\.8\.4 or later/);
    } finally {
      await drop();
    }
  });
});

describe.skipIf(!hasRealPostgres())("several processes that migrate one real PostgreSQL", () => {
  it("take turns: one does the work, the others find it done", async () => {
    const { databaseUrl, drop } = await createTestDatabase();
    const settings = { databaseUrl, dataDirectory: "unused", schema, databasePoolSizeMax: 2, slowQueryMs: 60_000 };
    const pools: Database[] = [];
    try {
      const metrics = createMetrics({ ownerLabels: false, version: "test" });
      for (let count = 0; count < 5; count++) pools.push(await openDatabase({ metrics, logger: silentLogger }, settings));
      const results = await Promise.all(pools.map((pool) => migrate(pool, schema)));
      expect(results.flat()).toEqual(applied);
    } finally {
      await Promise.all(pools.map((pool) => pool.close()));
      await drop();
    }
  });
});
