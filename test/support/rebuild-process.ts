/** A process that rebuilds an approximate index and can be killed: its only argument is a `RebuildOrder` as JSON. */
import { pino } from "pino";
import { rebuildVectorIndex } from "../../src/admin/rebuild-vector-index.ts";
import type { ModelIdentity } from "../../src/domain/embedding-model.ts";
import type { IndexProfile } from "../../src/domain/index-profile.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { ensureActiveModel } from "../../src/storage/embedding-models.ts";
import { openDatabase } from "../../src/storage/open-database.ts";

export interface RebuildOrder {
  readonly settings: Parameters<typeof openDatabase>[1];
  readonly model: ModelIdentity;
  readonly profile: IndexProfile;
}

const order: RebuildOrder = JSON.parse(process.argv[2] ?? "");
const deps = { metrics: createMetrics({ ownerLabels: true, version: "test" }), logger: pino({ level: "silent" }) };
const database = await openDatabase(deps, order.settings);
const table = await ensureActiveModel(database, order.model, new Date());
for await (const { phase, partitionsDone } of rebuildVectorIndex(
  { database, table },
  order.profile,
  new AbortController().signal,
))
  process.stdout.write(`${phase} ${partitionsDone}\n`);
await database.close();
