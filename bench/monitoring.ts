import { durableSettings } from "../test/support/postgres/server-settings.ts";
import { openBenchPostgres } from "./bench-postgres.ts";
import { IngestServer } from "./ingest/ingest-server.ts";
import { measureOverhead } from "./monitoring/overhead.ts";
import { measureScrape } from "./monitoring/scrape.ts";
import { Report } from "./search/report.ts";

/**
 * Measures what monitoring costs. Writes one file per section into `bench/results`. Run it as `npm run bench:monitoring [-- SECTION …]`,
 * `overhead` on a quiet machine. That one starts a PostgreSQL of its own, or takes the one of BENCH_DATABASE_URL.
 */
const sections: Readonly<Record<string, (name: string) => Promise<void>>> = {
  scrape: async (name) => {
    const report = new Report(name, "- no database", "monitoring");
    await measureScrape(report);
    await report.write();
  },
  overhead: async (name) => {
    const postgres = await openBenchPostgres(durableSettings);
    try {
      const server = new IngestServer(postgres.url);
      const report = new Report(name, await server.describe(), "monitoring");
      await measureOverhead(server, report);
      await report.write();
    } finally {
      await postgres.stop();
    }
  },
};

const chosen = process.argv.slice(2);
for (const [name, measure] of Object.entries(sections)) {
  if (chosen.length === 0 || chosen.includes(name)) await measure(name);
}
