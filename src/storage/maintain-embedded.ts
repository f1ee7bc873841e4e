import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import type { PostgresDatabase } from "./postgres-database.ts";

/**
 * Does for the embedded database what autovacuum does for a server: after enough commits it removes dead rows and refreshes the
 * planner's statistics. Without them a search over 1,000 chunks took half as long again, and the table of jobs, whose rows live
 * for seconds, would grow for ever.
 *
 * @returns a function that ends it and waits for what runs.
 */
export function maintainEmbedded(deps: { database: PostgresDatabase; logger: Logger }, schema: string): () => Promise<void> {
  const { database, logger } = deps;
  let commitsDone = 0;
  let running = Promise.resolve();
  const isDue = () => {
    const since = database.commitCount - commitsDone;
    return since >= limits.embeddedVacuumCommitsMin + commitsDone * limits.embeddedVacuumCommitsShare;
  };
  const vacuum = async () => {
    commitsDone = database.commitCount;
    try {
      const { rows } = await database.query<{ tables: string | null }>(
        "list_tables",
        "select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables from pg_tables where schemaname = $1",
        [schema],
      );
      if (rows[0]?.tables) await database.query("vacuum", `vacuum (analyze) ${rows[0].tables}`);
    } catch (error) {
      logger.warn({ err: error }, "the embedded database could not be vacuumed");
    }
  };
  const timer = setInterval(() => {
    if (isDue()) running = running.then(vacuum);
  }, limits.embeddedVacuumCheckMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
