import { settingWarnings } from "../config/load-settings.ts";
import { packageVersion } from "../config/package-info.ts";
import type { Settings } from "../config/settings.ts";
import { createLogger } from "../observability/logger.ts";
import { createMetrics } from "../observability/metrics.ts";
import { migrate } from "../storage/migrate.ts";
import { openDatabase } from "../storage/open-database.ts";

/**
 * Brings the schema up to this release and ends: for deployments that migrate before they roll out.
 *
 * @returns names of the migrations that were applied; none if the schema was up to date.
 * @throws StartupError as `serve` would.
 */
export async function runMigrations(settings: Settings): Promise<{ applied: string[] }> {
  const metrics = createMetrics({ ...settings, version: packageVersion });
  const logger = createLogger(settings);
  for (const warning of settingWarnings(settings)) logger.warn(warning);
  const database = await openDatabase({ metrics, logger }, settings);
  try {
    return { applied: await migrate(database, settings.schema) };
  } finally {
    await database.close();
  }
}
