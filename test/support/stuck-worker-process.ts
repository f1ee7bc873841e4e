/** A worker that claims jobs, says so, and never embeds them; it is there to be killed. Its only argument is its settings as JSON. */
import { pino } from "pino";
import { systemClock } from "../../src/domain/clock.ts";
import { Wakeup } from "../../src/domain/wakeup.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { EmbeddingWorker } from "../../src/embedding/embedding-worker.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { ensureActiveModel } from "../../src/storage/embedding-models.ts";
import { openDatabase } from "../../src/storage/open-database.ts";

const settings: Parameters<typeof openDatabase>[1] = JSON.parse(process.argv[2] ?? "");
const logger = pino({ level: "silent" });
const metrics = createMetrics({ ownerLabels: true, version: "test" });
const database = await openDatabase({ metrics, logger }, settings);
const hashing = createHashingEmbedder({ dimension: 384 });
const table = await ensureActiveModel(database, hashing.model, new Date());
const provider: EmbeddingProvider = {
  ...hashing,
  embed: () => {
    process.stdout.write("embedding\n");
    return new Promise(() => {});
  },
};
new EmbeddingWorker(
  { database, table, provider, metrics, clock: systemClock, logger, jobsEnqueued: new Wakeup(), jobsSettled: new Wakeup() },
  { leaseMs: 2_000, callMs: 3_600_000, trialMs: 1_000 },
);
