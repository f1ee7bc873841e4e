import pg from "pg";
import { startPostgresContainer } from "./postgres-container.ts";
import { startPostgresFromWheel } from "./postgres-from-wheel.ts";
import { testSettings } from "./server-settings.ts";

/** A running PostgreSQL with pgvector whose user may create databases. */
export interface PostgresServer {
  readonly url: string;
  /** Where it came from, for people. */
  readonly source: string;
  readonly stop: () => Promise<void>;
}

/**
 * The real PostgreSQL of a test run: the one of TEST_DATABASE_URL, else a container where Docker answers, else the one of the Python
 * environment that `npm run setup:toolchains` makes.
 */
export async function startPostgres(settings = testSettings): Promise<PostgresServer> {
  const url = process.env.TEST_DATABASE_URL;
  if (url) return { url, source: "TEST_DATABASE_URL", stop: async () => {} };
  return (await startPostgresContainer(settings)) ?? (await startPostgresFromWheel(settings));
}

/** The versions of the server and of pgvector, for people. Throws if pgvector is not there. */
export async function describePostgres(server: PostgresServer): Promise<string> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string; pgvector: string }>(`
      select current_setting('server_version') as version, default_version as pgvector
      from pg_available_extensions
      where name = 'vector'`);
    const versions = rows[0];
    if (versions === undefined) throw new Error(`the PostgreSQL of ${server.source} has no pgvector`);
    return `postgres (PostgreSQL ${versions.version}, pgvector ${versions.pgvector}, from ${server.source})`;
  } finally {
    await client.end();
  }
}
