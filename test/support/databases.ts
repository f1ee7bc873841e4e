/** The databases of this run: `npm test` has the embedded one, `npm run test:postgres` a real PostgreSQL, `npm run test:all` both. */
import { randomUUID } from "node:crypto";
import { cpSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Files of an embedded database without contents. */
    embeddedTemplate: string;
    /** URL of a real PostgreSQL whose user may create databases; undefined in `npm test`. */
    postgresUrl: string | undefined;
  }
}

/** A fresh database, in the form of the two settings that choose it. */
export interface FreshDatabase {
  readonly databaseUrl: string | undefined;
  readonly dataDirectory: string;
  /** Removes it; everything that uses it must be closed first. */
  readonly drop: () => Promise<void>;
}

/** One kind of database of this run. */
export interface TestDatabase {
  readonly name: "embedded" | "postgres";
  readonly create: () => Promise<FreshDatabase>;
}

/** Whether this run has a real PostgreSQL; what needs one is marked with `describe.skipIf(!hasRealPostgres())`. */
export function hasRealPostgres(): boolean {
  return inject("postgresUrl") !== undefined;
}

/** Every database of this run: `describe.each(testDatabases())("storage on $name", ({ create }) => …)`. */
export function testDatabases(): readonly TestDatabase[] {
  const postgres: TestDatabase = { name: "postgres", create: createRealDatabase };
  return [...(process.env.TESTS_EMBEDDED === "true" ? [embeddedDatabase] : []), ...(hasRealPostgres() ? [postgres] : [])];
}

/** For what only the embedded database does; every run has it. */
export const embeddedDatabase: TestDatabase = { name: "embedded", create: createEmbeddedDatabase };

/** An empty database in the real PostgreSQL of this run; test files that run at once do not meet. */
export async function createTestDatabase(): Promise<{ readonly databaseUrl: string; readonly drop: () => Promise<void> }> {
  const postgresUrl = inject("postgresUrl");
  if (postgresUrl === undefined) throw new Error('this test needs a real PostgreSQL; run it with "npm run test:all"');
  const name = `llmemory_test_${randomUUID().replaceAll("-", "")}`;
  await runStatement(postgresUrl, `create database ${name}`);
  const databaseUrl = new URL(postgresUrl);
  databaseUrl.pathname = `/${name}`;
  return { databaseUrl: databaseUrl.href, drop: () => runStatement(postgresUrl, `drop database ${name} with (force)`) };
}

async function createEmbeddedDatabase(): Promise<FreshDatabase> {
  const { dataDirectory, remove } = await createDataDirectory();
  // Several times faster than the asynchronous form for a thousand small files.
  cpSync(inject("embeddedTemplate"), join(dataDirectory, "pgdata"), { recursive: true });
  return { databaseUrl: undefined, dataDirectory, drop: remove };
}

async function createRealDatabase(): Promise<FreshDatabase> {
  const database = await createTestDatabase();
  const { dataDirectory, remove } = await createDataDirectory();
  const drop = async () => {
    await database.drop();
    await remove();
  };
  return { databaseUrl: database.databaseUrl, dataDirectory, drop };
}

async function createDataDirectory(): Promise<{ readonly dataDirectory: string; readonly remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "llmemory-test-"));
  return { dataDirectory: join(directory, "data"), remove: () => rm(directory, { recursive: true, force: true }) };
}

async function runStatement(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
