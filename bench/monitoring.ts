import { measureScrape } from "./monitoring/scrape.ts";
import { Report } from "./search/report.ts";

/** Measures what monitoring costs. Writes one file per section into `bench/results`. Run it as `npm run bench:monitoring [-- SECTION …]`. */
const sections: Readonly<Record<string, (report: Report) => Promise<void>>> = { scrape: measureScrape };

const chosen = process.argv.slice(2);
for (const [name, measure] of Object.entries(sections)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const report = new Report(name, "- no database", "monitoring");
  await measure(report);
  await report.write();
}
