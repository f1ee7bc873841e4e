import { type PostgresServer, startPostgres } from "../test/support/postgres/postgres-server.ts";
import { testSettings } from "../test/support/postgres/server-settings.ts";

/** The PostgreSQL that a benchmark measures: the one of BENCH_DATABASE_URL, or one of its own with these settings. */
export async function openBenchPostgres(settings = testSettings): Promise<Pick<PostgresServer, "url" | "stop">> {
  const url = process.env.BENCH_DATABASE_URL;
  return url === undefined ? await startPostgres(settings) : { url, stop: async () => {} };
}
