import { durableSettings } from "../test/support/postgres/server-settings.ts";
import { openBenchPostgres } from "./bench-postgres.ts";
import { measureBulk } from "./ingest/bulk.ts";
import { IngestServer } from "./ingest/ingest-server.ts";
import { measureLocalModel } from "./ingest/local-model.ts";
import { measureMemory } from "./ingest/memory.ts";
import { measurePeers } from "./ingest/peers.ts";
import { Report } from "./search/report.ts";

/**
 * Measures how fast documents are stored on PostgreSQL. Writes one file per section into `bench/results`. Run it as
 * `npm run bench:ingest [-- SECTION …]`, on a quiet machine. It starts a PostgreSQL of its own, which writes to disk before it
 * acknowledges, or takes the one of BENCH_DATABASE_URL; `peers` takes the one of the peers' harness.
 */
const sections: Readonly<Record<string, (server: IngestServer, report: Report) => Promise<void>>> = {
  bulk: measureBulk,
  "local-model": measureLocalModel,
  memory: measureMemory,
  peers: (_, report) => measurePeers(report),
};

const postgres = await openBenchPostgres(durableSettings);
try {
  const server = new IngestServer(postgres.url);
  const conditions = await server.describe();
  const chosen = process.argv.slice(2);
  for (const [name, measure] of Object.entries(sections)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const report = new Report(name, conditions, "ingest");
    await measure(server, report);
    await report.write();
  }
} finally {
  await postgres.stop();
}
