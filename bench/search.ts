import { openBenchPostgres } from "./bench-postgres.ts";
import { CorpusServer, openCorpus } from "./search/corpus-database.ts";
import { measureIngest } from "./search/ingest.ts";
import { measureLatency } from "./search/latency.ts";
import { makeModelVectors } from "./search/model-vectors.ts";
import { measureOutside } from "./search/outside.ts";
import { measureRecall } from "./search/recall.ts";
import { Report } from "./search/report.ts";
import { measureRowSecurity } from "./search/row-security.ts";

/**
 * Measures search over 100,000 chunks on PostgreSQL. Writes one file per section into `bench/results`. Run it as
 * `npm run bench:search [-- SECTION …]`, on a quiet machine. It starts a PostgreSQL of its own, or takes the one of BENCH_DATABASE_URL,
 * where it keeps its databases for the next run.
 */
const sections: Readonly<Record<string, (server: CorpusServer, report: Report) => Promise<void>>> = {
  recall: async (server, report) => {
    const corpus = await openCorpus(server.urlOf(await server.base()));
    await measureRecall(corpus, report, 100);
    await corpus.close();
  },
  "recall-model": async (server, report) => {
    const vectors = await makeModelVectors();
    const corpus = await openCorpus(server.urlOf(await server.withVectors("sentences", vectors.embedPassages)));
    await measureRecall(corpus, report, 100, vectors.provider);
    await corpus.close();
  },
  latency: measureLatency,
  outside: measureOutside,
  ingest: measureIngest,
  rls: measureRowSecurity,
};

const postgres = await openBenchPostgres();
try {
  const server = new CorpusServer(postgres.url);
  const conditions = await server.describe();
  const chosen = process.argv.slice(2);
  for (const [name, measure] of Object.entries(sections)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const report = new Report(name, conditions);
    await measure(server, report);
    await report.write();
  }
} finally {
  await postgres.stop();
}
