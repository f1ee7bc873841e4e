import type { Settings } from "../config/settings.ts";
import { DomainError, StartupError } from "../domain/errors.ts";
import { messageOf } from "../domain/message-of.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import { analyzeGrowth } from "./analyze-growth.ts";
import type { Database } from "./database.ts";
import { startEmbeddedDatabase } from "./embedded-database.ts";
import { maintainEmbedded } from "./maintain-embedded.ts";
import { PostgresDatabase } from "./postgres-database.ts";

type DatabaseSettings = Pick<Settings, "databaseUrl" | "dataDirectory" | "schema" | "databasePoolSizeMax" | "slowQueryMs"> &
  Partial<Pick<Settings, "logSlowQueries">>;

/**
 * Opens the database that the settings name: a PostgreSQL, or the embedded one under the data directory. It is not migrated yet.
 *
 * @throws StartupError if it cannot be reached or the data directory is in use.
 */
export async function openDatabase(deps: { metrics: Metrics; logger: Logger }, settings: DatabaseSettings): Promise<Database> {
  const { schema, slowQueryMs, logSlowQueries } = settings;
  if (settings.databaseUrl === undefined) {
    const embedded = await startEmbeddedDatabase(deps, settings.dataDirectory);
    // All connections to the embedded database share one session, so it can serve one statement, and one transaction, at a time.
    const database = new PostgresDatabase(deps, {
      kind: "embedded",
      connection: embedded.connection,
      poolSizeMax: 1,
      schema,
      slowQueryMs,
      logSlowQueries,
    });
    whenClosing(database, { before: maintainEmbedded({ database, logger: deps.logger }, schema), after: () => embedded.stop() });
    return await connected(database);
  }
  const database = new PostgresDatabase(deps, {
    kind: "postgres",
    connection: { connectionString: settings.databaseUrl },
    poolSizeMax: settings.databasePoolSizeMax,
    schema,
    slowQueryMs,
    logSlowQueries,
  });
  whenClosing(database, { before: analyzeGrowth({ database, logger: deps.logger }, schema) });
  return await connected(database);
}

/** Has more ended than the pool when a database is closed. */
function whenClosing(database: PostgresDatabase, also: { before: () => Promise<void>; after?: () => Promise<void> }): void {
  const close = database.close.bind(database);
  database.close = async () => {
    await also.before();
    await close();
    await also.after?.();
  };
}

async function connected(database: PostgresDatabase): Promise<Database> {
  try {
    const { rows } = await database.query<{ version: string }>(
      "read_server_version",
      "select current_setting('server_version') as version",
    );
    const version = `PostgreSQL ${rows[0]?.version ?? ""}`;
    database.version = database.kind === "embedded" ? `${version} (embedded)` : version;
    return database;
  } catch (error) {
    await database.close();
    const cause = error instanceof DomainError && error.cause instanceof Error ? error.cause : error;
    throw new StartupError(`the database cannot be reached: ${messageOf(cause)}`, {
      cause: error,
    });
  }
}
