import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import type { PostgresDatabase } from "./postgres-database.ts";

/**
 * Refreshes the statistics of tables on a server as soon as they have grown a lot. Autovacuum comes by once a minute, and until then the
 * planner takes tables that a first load fills for tiny ones, where any index that begins with the owner is as good as the right one: each
 * check of a foreign key read thousands of rows, and loads took half as long again.
 *
 * @returns a function that ends it and waits for what runs.
 */
export function analyzeGrowth(deps: { database: PostgresDatabase; logger: Logger }, schema: string): () => Promise<void> {
  const { database, logger } = deps;
  let commitsSeen = 0;
  let running: Promise<void> | undefined;
  const analyze = async () => {
    try {
      const { rows } = await database.query<{ tables: string | null }>("list_grown_tables", grownTables, [schema]);
      if (rows[0]?.tables) await database.query("analyze", `analyze (skip_locked) ${rows[0].tables}`);
    } catch (error) {
      logger.warn({ err: error }, "the statistics of grown tables could not be refreshed; autovacuum will");
    }
  };
  const timer = setInterval(() => {
    if (running || database.commitCount === commitsSeen) return;
    commitsSeen = database.commitCount;
    running = analyze().finally(() => {
      running = undefined;
    });
  }, limits.growthLookMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}

/**
 * Tables of ten times the pages that they had when they were last counted; and the two to which foreign keys lead also if they were counted
 * while the first rows were not committed yet.
 */
const grownTables = `
  select string_agg(format('%I.%I', n.nspname, c.relname), ', ') as tables
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (select pg_relation_size(c.oid) / current_setting('block_size')::integer as pages) as size
  where n.nspname = $1 and c.relkind = 'r'
    and (size.pages > 10 * greatest(c.relpages, 1)
      or size.pages > 0 and c.reltuples <= 0 and c.relname in ('documents', 'document_chunks'))`;
