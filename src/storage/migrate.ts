import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { StartupError } from "../domain/errors.ts";
import type { Database, Queryable } from "./database.ts";

const directory = new URL("./migrations/", import.meta.url);

/** PostgreSQL 15 is the oldest whose statements are tested here. */
const serverVersionMin = 150_000;
/** Older versions of pgvector could corrupt HNSW indexes on vacuum (0.8.3) or on insert (0.8.4), says its change log. */
const vectorVersionMin = "0.8.4";
/** Any number that nobody else uses: two processes that migrate one database at once take turns. */
const migrationLockKey = 7_305_808_869_230_002n;

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/**
 * Brings the schema up to this release, one transaction for all that is missing; safe with several processes at once.
 *
 * @returns names of the migrations that were applied now.
 * @throws StartupError if PostgreSQL or pgvector is too old, pgvector is missing, or the schema is of a newer or a changed release.
 */
export async function migrate(database: Database, schema: string): Promise<string[]> {
  const migrations = await readMigrations();
  return await database.transaction(async (transaction) => {
    if (database.kind === "postgres")
      await transaction.query("lock_migrations", "select pg_advisory_xact_lock($1)", [migrationLockKey]);
    await requireServerVersion(transaction);
    await requireVectorExtension(transaction);
    await transaction.query("create_schema", `create schema if not exists "${schema}"`);
    await transaction.query(
      "create_schema_migrations",
      `create table if not exists "${schema}".schema_migrations (
        version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`,
    );
    const pending = await findPending(transaction, migrations, schema);
    for (const migration of pending) {
      await transaction.query(`migration_${migration.name}`, migration.sql);
      await transaction.query("record_migration", "insert into schema_migrations (version, name, checksum) values ($1, $2, $3)", [
        migration.version,
        migration.name,
        migration.checksum,
      ]);
    }
    return pending.map((migration) => migration.name);
  });
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  return await Promise.all(
    names.map(async (file) => {
      const sql = await readFile(new URL(file, directory), "utf8");
      const name = file.replace(/\.sql$/, "");
      return { version: Number.parseInt(name, 10), name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function findPending(transaction: Queryable, migrations: readonly Migration[], schema: string): Promise<Migration[]> {
  const { rows } = await transaction.query<{ version: number; name: string; checksum: string }>(
    "list_migrations",
    "select version, name, checksum from schema_migrations order by version",
  );
  const known = new Map(migrations.map((migration) => [migration.version, migration]));
  for (const row of rows) {
    const migration = known.get(row.version);
    if (!migration) {
      throw new StartupError(
        `the schema "${schema}" is of a newer llmemory (migration ${row.name}); run that release, or restore the data of before the upgrade`,
      );
    }
    if (migration.checksum !== row.checksum) {
      throw new StartupError(
        `migration ${row.name} was changed after it had been applied to the schema "${schema}"; run an unmodified release`,
      );
    }
  }
  const applied = new Set(rows.map((row) => row.version));
  return migrations.filter((migration) => !applied.has(migration.version));
}

async function requireServerVersion(transaction: Queryable): Promise<void> {
  const { rows } = await transaction.query<{ number: number; version: string }>(
    "read_server_version",
    "select current_setting('server_version_num')::integer as number, current_setting('server_version') as version",
  );
  const server = rows[0];
  if (server && server.number < serverVersionMin) {
    throw new StartupError(`the database is PostgreSQL ${server.version}; llmemory needs 15 or later`);
  }
}

async function requireVectorExtension(transaction: Queryable): Promise<void> {
  const { rows } = await transaction.query<{ installed: string | null; available: string | null }>(
    "read_vector_version",
    `select (select extversion from pg_extension where extname = 'vector') as installed,
            (select default_version from pg_available_extensions where name = 'vector') as available`,
  );
  const { installed, available } = rows[0] ?? { installed: null, available: null };
  const version = installed ?? available;
  if (version === null) {
    throw new StartupError(`the database server has no pgvector; install pgvector ${vectorVersionMin} or later on it`);
  }
  if (compareVersions(version, vectorVersionMin) < 0) {
    const way =
      available !== null && compareVersions(available, vectorVersionMin) >= 0
        ? "run: alter extension vector update"
        : `install ${vectorVersionMin} or later`;
    throw new StartupError(
      `the database has pgvector ${version}, whose indexes can lose rows; llmemory needs ${vectorVersionMin} or later; ${way}`,
    );
  }
  if (installed === null)
    await transaction.query("create_vector_extension", "create extension if not exists vector schema public");
  const { rows: types } = await transaction.query<{ found: boolean }>(
    "find_vector_type",
    "select to_regtype('halfvec') is not null as found",
  );
  if (!types[0]?.found) {
    throw new StartupError(
      "pgvector is installed in a schema that is not searched; run: alter extension vector set schema public",
    );
  }
}

function compareVersions(left: string, right: string): number {
  return left.localeCompare(right, "en", { numeric: true });
}
